"""A whole night over mostly real companies with their traps."""

from __future__ import annotations

import csv
import json
import unicodedata
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


def test_scores_are_those_of_a_world_without_the_people_who_do_not_permit_profiling(
    abm: Abm, landing: Path, first_night: dict[str, object], tmp_path: Path
) -> None:
    unwilling = abm.query(
        "select email from marts.dim_contacts anti join marts.int_profiled_contacts using (contact_id)"
        " where email is not null"
    )
    people = {str(email) for (email,) in unwilling}
    assert len(people) > 100
    removed = _copy_without(people, landing, tmp_path / "landing")
    assert removed > len(people)
    other = Abm(tmp_path)
    done = other.run(tmp_path / "landing")
    assert done.returncode == 0, done.stderr
    for table in ("fit_scores", "intent_scores", "engagement_scores", "composite_scores", "tiers"):
        rows = f"select * from scoring.{table} order by account_id"
        assert other.query(rows) == abm.query(rows), table


def _copy_without(people: set[str], landing: Path, folder: Path) -> int:
    """Copy a landing folder without the rows of people and of the devices that they used; number of rows left out."""
    csv.field_size_limit(2**31 - 1)
    tables = {}
    for file in sorted(landing.glob("*/*.csv")):
        with file.open(encoding="utf-8", newline="") as stream:
            tables[file.relative_to(landing)] = list(csv.DictReader(stream))
    devices = {
        row["visitor_id"]
        for rows in tables.values()
        for row in rows
        if row.get("visitor_id") and _is_one_of(people, row)
    }
    removed = 0
    for name, rows in tables.items():
        kept = [row for row in rows if not _is_one_of(people, row) and row.get("visitor_id") not in devices]
        removed += len(rows) - len(kept)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(kept)
    return removed


def _is_one_of(people: set[str], row: dict[str, str]) -> bool:
    texts = (text for column, text in row.items() if column.lower().endswith("email") and text)
    return any(unicodedata.normalize("NFKC", text).strip().lower() in people for text in texts)
