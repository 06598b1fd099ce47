"""The README's promise, through the command line, twice."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from orchestration.resources import run_dbt
from tests.conftest import ROOT, Abm

ACCOUNTS = 120


@pytest.fixture(scope="module")
def abm(tmp_path_factory: pytest.TempPathFactory) -> Abm:
    return Abm(tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="module")
def landing(abm: Abm) -> Path:
    folder = abm.folder / "landing"
    done = abm("demo", "--accounts", str(ACCOUNTS), "--seed", "3", "--as-of", "2026-10-31", "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def first_night(abm: Abm, landing: Path) -> dict[str, object]:
    done = abm.run(landing, "--json")
    assert done.returncode == 0, done.stderr
    summary: dict[str, object] = json.loads(done.stdout)
    summary["crm_writes"] = abm.crm_writes()
    summary["bytes"] = abm.mart_bytes()
    return summary


def test_the_first_night_ends_with_scored_accounts_a_queue_and_a_written_crm(first_night: dict[str, object]) -> None:
    assert first_night["state"] == "succeeded"
    assert first_night["crm_writes"]
    assert first_night["queue_size"] and first_night["queue"]
    assert sum(tier["accounts"] for tier in first_night["tiers"]) == first_night["accounts"]  # type: ignore[attr-defined]


def test_every_row_of_every_file_is_kept_or_rejected(abm: Abm, first_night: dict[str, object], landing: Path) -> None:
    assert abm.query("select count(*) from raw.loads where rows_in <> rows_kept + rows_rejected") == [(0,)]
    in_files = abm.query("select sum(rows_in) from raw.loads where file not like 'crm:%'")[0][0]
    rejected = abm.query("select count(*) from raw.rejected")[0][0]
    assert in_files == sum(load["rows_in"] for load in first_night["loads"] if not load["is_crm_extract"])  # type: ignore[attr-defined]
    assert rejected == sum(load["rows_rejected"] for load in first_night["loads"])  # type: ignore[attr-defined]


def test_the_second_run_of_the_night_changes_nothing_and_says_so(
    abm: Abm, landing: Path, first_night: dict[str, object]
) -> None:
    again = abm.run(landing)
    assert again.returncode == 0, again.stderr
    assert abm.crm_writes() == 0
    assert "0 records written: the CRM already holds tonight's values" in again.stdout
    assert abm.mart_bytes() == first_night["bytes"]


def test_the_sql_passes_its_unit_tests(abm: Abm, first_night: dict[str, object], tmp_path: Path) -> None:
    # A night leaves them out; they need its tables, whose column types they take.
    copy = tmp_path / "copy.duckdb"
    shutil.copyfile(abm.warehouse, copy)
    places = ["--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs")]
    done = run_dbt(["test", "--select", "test_type:unit", *places], {"as_of_date": "2026-10-31"}, str(copy))
    assert done.returncode == 0, done.stdout[-3000:]
    results = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
    tested = [result["status"] for result in results if result["unique_id"].startswith("unit_test.")]
    assert len(tested) > 30
    assert set(tested) == {"pass"}


def test_a_past_night_is_replayed_with_its_queue_and_judged(abm: Abm, first_night: dict[str, object]) -> None:
    days = ["--from", "2026-06-30", "--to", "2026-06-30"]
    done = abm("score", "backtest", "--warehouse", abm.warehouse, *days, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    (night,) = found["nights"]
    assert night["is_matured"] and 0 < night["account_count"] <= first_night["accounts"]
    assert sum(tenth["row_count"] for tenth in found["lift"]) == night["account_count"]
    assert sum(tier["account_count"] for tier in found["tiers"]) == night["account_count"]
    # Users came into the warehouse later than that night, and are known from the start all the same.
    assert {group["group"]: group["account_count"] for group in found["precision"]}["queue"] > 0
    # What was judged is a copy.
    assert abm.query("select count(distinct as_of_date) from scoring.tiers") == [(1,)]


def test_readers_use_the_published_copy(abm: Abm, first_night: dict[str, object]) -> None:
    queue = abm("queue", "--warehouse", abm.warehouse, "--json")
    assert queue.returncode == 0 and len(json.loads(queue.stdout)) == first_night["queue_size"]
    account = json.loads(queue.stdout)[0]["salesforce_account_id"]
    explained = abm("explain", account, "--warehouse", abm.warehouse, "--json")
    assert explained.returncode == 0, explained.stderr
    explanation = json.loads(explained.stdout)
    shown = {"records", "golden_record", "sites", "family", "scores", "target_list", "stages", "reasons", "sent"}
    assert shown <= set(explanation)
    golden = {row["attribute"]: row for row in explanation["golden_record"]}
    assert golden["company_name"]["value"] == explanation["account"]["account_name"]
    assert all(row["provider"] and row["rule"] and row["chosen_by"] for row in golden.values())
    assert abm("status", "--warehouse", abm.warehouse).returncode == 0


def test_a_broken_data_test_stops_every_write_until_it_is_mended_and_the_run_goes_on_from_there(
    landing: Path, tmp_path: Path, first_night: dict[str, object]
) -> None:
    project = tmp_path / "project"
    files = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in files.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, project / name)
    (project / "dbt_project" / "tests" / "assert_the_world_is_flat.sql").write_text(
        "select account_id from {{ ref('account_360') }} limit 1\n"
    )
    broken = Abm(tmp_path, project)
    done = broken.run(landing)
    assert done.returncode == 1
    assert "assert_the_world_is_flat" in done.stderr and "Traceback" not in done.stderr
    later = broken("apply", "--warehouse", broken.warehouse)
    assert later.returncode == 2
    assert "assert_the_world_is_flat" in later.stderr
    assert not _has_ledger(broken) or broken.query("select count(*) from delivery.ledger where state = 'sent'") == [
        (0,)
    ]

    (project / "dbt_project" / "tests" / "assert_the_world_is_flat.sql").unlink()
    mended = broken.run(landing, "--from-failure")
    assert mended.returncode == 0, mended.stderr
    assert "load the landing folder" not in mended.stderr  # it goes on from the step that failed
    assert broken.crm_writes() == first_night["crm_writes"]


def _has_ledger(abm: Abm) -> bool:
    return bool(
        abm.query("select 1 from information_schema.tables where table_schema = 'delivery' and table_name = 'ledger'")
    )
