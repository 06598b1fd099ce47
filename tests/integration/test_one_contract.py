"""Packages that may not import each other speak of the same landing contract."""

from __future__ import annotations

from demo.tables import COLUMNS
from loading import CONTRACT
from reverse_etl.destinations.salesforce.read import CONTRACT_COLUMNS


def test_the_crm_extract_asks_for_the_columns_that_the_loader_stores() -> None:
    stored = {
        table.file: tuple(name for name in table.column_names if name != "loaded_at")
        for table in CONTRACT
        if table.folder == "salesforce"
    }
    asked = {name: tuple(columns) for name, columns in CONTRACT_COLUMNS.items()}
    assert asked == stored


def test_the_demo_writes_every_table_with_every_column() -> None:
    assert {table.name: table.column_names for table in CONTRACT} == COLUMNS
