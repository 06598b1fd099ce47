"""The warning checks behind scoring, over a small warehouse: quiet on a steady night, clear on one that moved."""

from __future__ import annotations

import warnings
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # beta notices of the orchestrator
    from orchestration.assets.score_checks import score_checks
    from orchestration.score_night import SCORE_COLUMNS, create_score_tables
from orchestration.resources import NightlyRun, Warehouse
from scoring import drift
from scoring.parameters import read_parameters

RULES = Path(__file__).resolve().parents[3] / "seeds" / "rules"
FIRST, SECOND = date(2026, 10, 30), date(2026, 10, 31)
SIZE = 600


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame) -> None:
    connection.register("new_rows", rows)
    connection.execute(f"insert into {table} by name select * from new_rows")
    connection.unregister("new_rows")


def add_night(
    connection: duckdb.DuckDBPyConnection,
    night: date,
    size: int = SIZE,
    shift: float = 0.0,
    known: float = 0.9,
    method: str = "rules",
) -> dict[str, pd.Series]:
    rng = np.random.default_rng(night.toordinal() if shift else 1)
    features = {}
    for table, column in SCORE_COLUMNS.items():
        values = pd.Series(np.where(rng.random(size) < known, rng.normal(50 + shift, 10, size), np.nan))
        rows = pd.DataFrame(
            {"account_id": [f"a{n}" for n in range(size)], column: values, "method": method, "as_of_date": night}
        )
        insert(connection, f"scoring.{table}", rows)
        features[f"{table}.{column}"] = values
    return features


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A warehouse after the first night of a quarter."""
    path = tmp_path / "abm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema rules; create schema marts")
        parameters = pd.read_csv(RULES / "scoring_parameters.csv")
        connection.register("new_rows", parameters)
        connection.execute("create table rules.scoring_parameters as select * from new_rows")
        create_score_tables(connection)
        accounts = pd.DataFrame(
            {"employees_count": np.exp(np.random.default_rng(0).normal(5, 2, SIZE)), "country_code": "JP"}
        )
        connection.register("accounts", accounts)
        connection.execute("create table marts.account_360 as select * from accounts")
        connection.execute(
            "create table marts.activity_reconciliation as select 'web' as source, 70 as attributed_rows,"
            " 10 as attributed_outside_crm_rows, 20 as unattributed_rows"
        )
        features = add_night(connection, FIRST) | {f"account_360.{name}": accounts[name] for name in accounts}
        frozen = drift.freeze(features, (), read_parameters(parameters.astype(str)), FIRST)
        insert(connection, "scoring.feature_reference", frozen)
    return path


def check(file: Path, night: date) -> dict[tuple[str, str], dg.AssetCheckResult]:
    results = score_checks(
        dg.build_asset_check_context(),
        nightly_run=NightlyRun(as_of_date=night.isoformat()),
        warehouse=Warehouse(path=str(file)),
    )
    found = {}
    for result in results:
        assert isinstance(result, dg.AssetCheckResult) and result.asset_key is not None
        assert result.severity == dg.AssetCheckSeverity.WARN
        found[result.asset_key.path[-1], str(result.check_name)] = result
    return found


def failed(file: Path, night: date) -> set[tuple[str, str]]:
    return {key for key, result in check(file, night).items() if not result.passed}


def test_a_steady_night_passes_every_check_and_shows_its_numbers(file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        add_night(connection, SECOND)
    found = check(file, SECOND)
    assert len(found) == 15 and all(result.passed for result in found.values())
    rows = found["account_360", "attributes_have_not_drifted"].metadata["drift"].records  # type: ignore[union-attr]
    assert [row.data["name"] for row in rows] == ["account_360.country_code", "account_360.employees_count"]
    assert set(rows[0].data) == {"name", "psi", "threshold", "is_alarm", "reference_count", "today_count"}
    assert found["fit_scores", "share_with_a_score_is_steady"].metadata["share_with_a_score"].value == pytest.approx(
        0.9, abs=0.05
    )


def test_the_first_night_has_nothing_to_compare_with_and_passes(file: Path) -> None:
    assert failed(file, FIRST) == set()


def test_what_moved_is_named(file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        add_night(connection, SECOND, size=500, shift=6, known=0.7, method="model 1")
        connection.execute("update marts.account_360 set employees_count = null where employees_count > 100")
        connection.execute("update marts.activity_reconciliation set unattributed_rows = 2000")
    per_score = {"score_has_not_drifted", "share_with_a_score_is_steady", "method_is_that_of_the_night_before"}
    assert failed(file, SECOND) == {
        *((table, name) for table in SCORE_COLUMNS for name in per_score),
        ("composite_scores", "number_of_accounts_is_steady"),
        ("account_360", "attributes_have_not_drifted"),
        ("activity_reconciliation", "most_activity_belongs_to_an_account"),
    }
    sentence = check(file, SECOND)["account_360", "attributes_have_not_drifted"].metadata["finding"].value
    assert "account_360.employees_count (PSI" in str(sentence) and "country_code" not in str(sentence)


def test_a_check_that_cannot_be_made_warns_and_the_others_go_on(file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute("drop table marts.activity_reconciliation")
    assert failed(file, FIRST) == {("activity_reconciliation", "most_activity_belongs_to_an_account")}


def test_another_quarter_without_a_frozen_population_does_not_alarm(file: Path) -> None:
    with duckdb.connect(str(file)) as connection:
        add_night(connection, date(2027, 1, 1), shift=20)
    assert not {name for _, name in failed(file, date(2027, 1, 1))} & {
        "score_has_not_drifted",
        "attributes_have_not_drifted",
    }
