from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from reverse_etl.ledger import LedgerStore
from tests.unit.reverse_etl.night import Night, memory_crm


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = duckdb.connect()
    yield opened
    opened.close()


@pytest.fixture
def night(connection: duckdb.DuckDBPyConnection) -> Night:
    return Night(memory_crm(), LedgerStore(connection))
