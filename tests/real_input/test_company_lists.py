"""Nights over two real lists of companies, Japanese and international."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest

from identity.normalise import TEXT_COLUMNS
from orchestration.list_files import read_list
from tests.unit.identity.conftest import DAY, default_rules
from tests.unit.orchestration.test_resolve_night import assert_same_as_everything, put, resolve_night

FILES = ("edinet_organisations_20240721.csv.gz", "nsi_companies.csv.gz")


def test_a_night_with_one_new_record_in_a_hundred_says_what_comparing_everything_says(shared_data: Path) -> None:
    files = [shared_data / "real" / name for name in FILES]
    if not all(file.is_file() for file in files):
        pytest.skip("the lists are absent")
    table = read_list(files, {}).to_pandas()
    records = table[[name for name in TEXT_COLUMNS if name in table.columns]].fillna("")
    draw = np.random.default_rng(7).random(len(records))
    with duckdb.connect() as connection:
        put(connection, records[draw >= 0.01])
        assert resolve_night(connection, default_rules(), DAY).why_full
        for day, part in enumerate((draw < 2, draw >= 0.005), start=1):
            night = assert_same_as_everything(connection, records[part], default_rules(), DAY + timedelta(day))
            assert not night.why_full
            assert night.changed + night.gone > 0 and night.compared < len(records) / 10
