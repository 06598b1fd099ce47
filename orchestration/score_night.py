"""One night of scores in the warehouse, by the fit model in force; a night that is run again replaces its own rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

import duckdb
import pandas as pd

from scoring import drift
from scoring.composite import VALUE_COLUMNS
from scoring.fit_model import FitModel
from scoring.night import Marts, Night, Rules, score
from scoring.parameters import read_parameters
from scoring.registry import models_in_force
from scoring.results import COLUMNS

MARTS: Final = ("account_360", "fct_intent_days", "fct_vendor_surge", "fct_touch_days")
RULES: Final = (
    "icp_criteria",
    "intent_topics",
    "scoring_parameters",
    "exposure_calendar",
    "touch_types",
    "role_weights",
    "tiers",
)
FEATURES_RULE: Final = "fit_features"
# Table of each score -> its column.
SCORE_COLUMNS: Final = {f"{name}_scores": column for name, column in VALUE_COLUMNS.items()} | {
    "composite_scores": "composite_score"
}


def score_night(connection: duckdb.DuckDBPyConnection, as_of: date) -> tuple[Night, pd.DataFrame]:
    """Score every account of the CRM as of a night whose marts are in the warehouse, in one transaction.

    Returns
    -------
    The night, and the rows that were added to feature_reference.
    """
    create_score_tables(connection)
    champion, challengers = models_in_force(
        read_table(connection, "scoring.fit_models"), read_table(connection, "scoring.fit_model_events"), as_of
    )
    night = computed_night(connection, as_of, champion, challengers)
    new_features = _new_feature_reference(connection, night, as_of)
    frozen = {"reference_population": night.new_reference, "feature_reference": new_features}
    connection.execute("begin transaction")
    try:
        for name, rows in night.tables.items():
            connection.execute(f"delete from scoring.{name} where as_of_date = ?", [as_of])
            append(connection, name, rows)
        for name, rows in frozen.items():
            connection.execute(f"delete from scoring.{name} where frozen_on = ?", [as_of])
            append(connection, name, rows)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return night, new_features


def computed_night(
    connection: duckdb.DuckDBPyConnection,
    as_of: date,
    champion: FitModel | None,
    challengers: Mapping[str, FitModel] = MappingProxyType({}),
) -> Night:
    """The scores of a night by some fit model; nothing is written."""
    return score(
        Marts(**{name: read_table(connection, f"marts.{name}") for name in MARTS}),
        Rules(**{name: read_table(connection, f"rules.{name}") for name in RULES}),
        as_of,
        connection.execute("select * from scoring.tiers where as_of_date < ?", [as_of]).df(),
        connection.execute("select * from scoring.reference_population where frozen_on < ?", [as_of]).df(),
        champion,
        challengers,
    )


def _new_feature_reference(connection: duckdb.DuckDBPyConnection, night: Night, as_of: date) -> pd.DataFrame:
    """Counts of scores and attributes that this quarter has not frozen yet."""
    icp_criteria, fit_features, parameters = (
        read_table(connection, f"rules.{name}") for name in ("icp_criteria", FEATURES_RULE, "scoring_parameters")
    )
    attributes, lists = drift.watched_attributes(icp_criteria, fit_features)
    accounts = read_table(connection, "marts.account_360")
    features = {f"account_360.{name}": accounts[name] for name in attributes if name in accounts.columns}
    for name, column in SCORE_COLUMNS.items():
        features[f"{name}.{column}"] = night.tables[name][column]
    history = connection.execute("select * from scoring.feature_reference where frozen_on < ?", [as_of]).df()
    return drift.freeze(
        features,
        [f"account_360.{name}" for name in lists],
        read_parameters(parameters),
        as_of,
        drift.in_force(history, as_of),
    )


def create_score_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of schema `scoring` that are not there, and the columns that a table of an earlier version lacks."""
    connection.execute("create schema if not exists scoring")
    for name, columns in COLUMNS.items():
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        connection.execute(f"create table if not exists scoring.{name} ({listed})")
        known = {row[0] for row in connection.execute(f"describe scoring.{name}").fetchall()}
        for column, kind in columns.items():
            if column not in known:
                connection.execute(f"alter table scoring.{name} add column {column} {kind}")


def read_table(connection: duckdb.DuckDBPyConnection, table: str) -> pd.DataFrame:
    """All rows of a table of ours."""
    return connection.execute(f"select * from {table}").df()


def append(connection: duckdb.DuckDBPyConnection, name: str, rows: pd.DataFrame | list[Mapping[str, object]]) -> None:
    """Add rows to a table of schema `scoring`, by name of column."""
    connection.register("new_rows", rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows)))
    connection.execute(f"insert into scoring.{name} by name select * from new_rows")
    connection.unregister("new_rows")
