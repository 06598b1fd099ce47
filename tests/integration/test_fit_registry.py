"""Train, promote and roll back over a small warehouse, as `abm score` does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from orchestration.errors import UsageError
from orchestration.fit_registry import models_folder, promote, registry_of, roll_back, train_fit
from orchestration.score_night import score_night
from scoring.results import COLUMNS
from tests.conftest import ROOT
from tests.unit.scoring.test_fit_training import world
from tests.unit.scoring.test_night import marts

NIGHT = date(2026, 10, 31)
SCORED = ("fit_scores", "composite_scores", "score_reasons", "tiers", "reference_population")


def put(connection: duckdb.DuckDBPyConnection, table: str, rows: pd.DataFrame) -> None:
    connection.register("given", rows)
    connection.execute(f"create schema if not exists {table.split('.')[0]}")
    connection.execute(f"create or replace table {table} as select * from given")
    connection.unregister("given")


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "night.duckdb"
    with duckdb.connect(str(path)) as connection:
        tables = vars(marts())
        tables["account_360"] = tables["account_360"].assign(technology_count=2, founded_year=1990)
        for name, rows in tables.items():
            put(connection, f"marts.{name}", rows)
        put(connection, "marts.fit_training_accounts", world(240, 1))
        for file in sorted((ROOT / "seeds" / "rules").glob("*.csv")):
            put(connection, f"rules.{file.stem}", pd.read_csv(file, keep_default_na=False, na_values=[""]))
        score_night(connection, NIGHT)
    yield path


def stored(warehouse: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return {
            name: sorted(connection.execute(f"select * from scoring.{name}").fetchall(), key=repr) for name in SCORED
        }


def test_a_promotion_is_taken_back_bit_for_bit(warehouse: Path) -> None:
    trained = train_fit(warehouse)
    assert trained.version is not None, trained.training.verdict
    before = stored(warehouse)
    promote(warehouse, trained.version, "to see it in force")
    during = stored(warehouse)
    assert during["fit_scores"] != before["fit_scores"]
    change = roll_back(warehouse, "seen")
    assert (change.before, change.after) == (trained.version, "rules")
    assert stored(warehouse) == before
    promote(warehouse, trained.version, "once more")
    assert stored(warehouse) == during


def test_card_and_plots_stand_beside_the_warehouse_and_training_again_adds_nothing(warehouse: Path) -> None:
    first, again = train_fit(warehouse), train_fit(warehouse)
    assert first.version == again.version
    models, events, champion = registry_of(warehouse)
    assert len(models) == len(events) == 1
    assert champion == "rules"
    folder = models_folder(warehouse) / str(first.version)
    assert {file.name for file in folder.iterdir()} == {
        "card.md",
        "metrics.json",
        "calibration.svg",
        "lift.svg",
        "drift.svg",
    }
    assert str(models["data_hash"].iloc[0]) in (folder / "card.md").read_text()


def test_a_closed_gate_changes_nothing_and_is_named(warehouse: Path) -> None:
    version = train_fit(warehouse).version
    before = stored(warehouse)
    with pytest.raises(UsageError, match="90 days in shadow"):
        promote(warehouse, str(version), None)
    assert stored(warehouse) == before
    assert registry_of(warehouse)[2] == "rules"


def test_what_is_not_there_is_said(warehouse: Path) -> None:
    with pytest.raises(UsageError, match="fit-x is not in the registry"):
        promote(warehouse, "fit-x", "why not")
    with pytest.raises(UsageError, match="no promotion to take back"):
        roll_back(warehouse, "")
    with pytest.raises(UsageError, match="no such file"):
        train_fit(warehouse.with_name("absent.duckdb"))


def test_a_challenger_scores_in_shadow_every_night(warehouse: Path) -> None:
    version = train_fit(warehouse).version
    with duckdb.connect(str(warehouse)) as connection:
        score_night(connection, NIGHT)
        seen = connection.execute("select distinct model_version from scoring.fit_shadow_scores").fetchall()
        methods = connection.execute("select distinct method from scoring.fit_scores").fetchall()
    assert seen == [(version,)]
    assert methods == [("rules",)]


def test_a_warehouse_of_an_earlier_version_gains_the_new_columns(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("alter table scoring.fit_scores drop column fit_probability_low")
        score_night(connection, NIGHT)
        columns = [row[0] for row in connection.execute("describe scoring.fit_scores").fetchall()]
    assert set(columns) == set(COLUMNS["fit_scores"])


def test_a_scoring_that_fails_takes_the_promotion_back(warehouse: Path) -> None:
    version = str(train_fit(warehouse).version)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from rules.tiers where tier = 'Tier 3'")
    with pytest.raises(ValueError, match=r"tiers\.csv"):
        promote(warehouse, version, "although it cannot be scored")
    assert registry_of(warehouse)[2] == "rules"
