"""A whole night over mostly real companies with their traps."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.conftest import Abm


@pytest.fixture(scope="module")
def landing(shared_data: Path) -> Path:
    return shared_data / "landing_1k"


@pytest.fixture(scope="module")
def abm(tmp_path_factory: pytest.TempPathFactory, landing: Path) -> Abm:
    return Abm(tmp_path_factory.mktemp("landing_1k"))


@pytest.fixture(scope="module")
def first_night(abm: Abm, landing: Path) -> dict[str, object]:
    done = abm.run(landing, "--json")
    assert done.returncode == 0, done.stderr
    summary: dict[str, object] = json.loads(done.stdout)
    summary["bytes"] = abm.mart_bytes()
    return summary


def test_the_summary_reconciles_with_the_files_to_the_row(landing: Path, first_night: dict[str, object]) -> None:
    csv.field_size_limit(2**31 - 1)
    rows = {}
    for file in sorted(landing.glob("*/*.csv")):
        with file.open(encoding="utf-8", newline="") as stream:
            rows[f"{file.parent.name}/{file.stem}"] = sum(1 for cells in csv.reader(stream) if cells) - 1
    loads = [load for load in first_night["loads"] if not load["is_crm_extract"]]  # type: ignore[attr-defined]
    assert len(loads) == len(rows)
    assert sum(load["rows_in"] for load in loads) == sum(rows.values())
    assert all(load["rows_in"] == load["rows_kept"] + load["rows_rejected"] for load in loads)


def test_activity_is_attributed_or_counted_as_unattributed(abm: Abm, first_night: dict[str, object]) -> None:
    assert (
        abm.query(
            "select source from marts.activity_reconciliation where raw_rows <> duplicate_rows + not_yet_visible_rows + bot_rows"
            " + attributed_rows + attributed_outside_crm_rows + unattributed_rows"
        )
        == []
    )


def test_the_same_night_twice_gives_the_same_bytes_and_writes_nothing(
    abm: Abm, landing: Path, first_night: dict[str, object]
) -> None:
    again = abm.run(landing)
    assert again.returncode == 0, again.stderr
    assert abm.crm_writes() == 0
    assert abm.mart_bytes() == first_night["bytes"]
