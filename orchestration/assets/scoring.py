"""Assets of layer `scoring`: fit, intent, engagement, composite, tiers, with reasons, one set of rows per night."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import duckdb
import pandas as pd

from orchestration.resources import NightlyRun, Warehouse
from scoring import drift
from scoring.composite import VALUE_COLUMNS
from scoring.night import Marts, Night, Rules, score
from scoring.parameters import read_parameters
from scoring.results import COLUMNS

_MARTS = ("account_360", "fct_intent_days", "fct_vendor_surge", "fct_touch_days")
_RULES = (
    "icp_criteria",
    "intent_topics",
    "scoring_parameters",
    "exposure_calendar",
    "touch_types",
    "role_weights",
    "tiers",
)
_FEATURES_RULE = "fit_features"
# Table of each score -> its column.
SCORE_COLUMNS = {f"{name}_scores": column for name, column in VALUE_COLUMNS.items()} | {
    "composite_scores": "composite_score"
}
_DESCRIPTIONS = {
    "fit_scores": "How well each account matches the ideal customer profile, 0 to 100.",
    "intent_scores": "How surely each account researches our topics more than it usually does, 0 to 100.",
    "engagement_scores": "How much the people of each account do with us, 0 to 100.",
    "composite_scores": "The three scores in one, 0 to 100: a weighted sum of log-odds.",
    "score_reasons": "Why each score is what it is, in points that add up to it, in English and Japanese.",
    "reference_population": "The frozen population of each quarter that scores are ranked in.",
    "feature_reference": "The frozen counts of each quarter that drift of scores and attributes is measured against.",
    "tiers": "Each account's tier, with hysteresis, and why it is there.",
}


@dg.multi_asset(
    name="scores",
    specs=[
        dg.AssetSpec(
            ["scoring", name],
            deps=[
                *(dg.AssetKey(["marts", mart]) for mart in _MARTS),
                *(dg.AssetKey(["rules", rule]) for rule in (*_RULES, _FEATURES_RULE)),
            ],
            description=description,
            group_name="scoring",
            owners=["team:revops"],
            kinds={"python", "duckdb"},
        )
        for name, description in _DESCRIPTIONS.items()
    ],
)
def scores(
    context: dg.AssetExecutionContext, nightly_run: NightlyRun, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult]:
    """Score every account of the CRM as of the night; a night that is run again replaces its own rows only."""
    as_of = nightly_run.as_of
    with warehouse.connect() as connection:
        create_score_tables(connection)
        marts = Marts(**{name: connection.execute(f"select * from marts.{name}").df() for name in _MARTS})
        rules = Rules(**{name: connection.execute(f"select * from rules.{name}").df() for name in _RULES})
        night = score(
            marts,
            rules,
            as_of,
            connection.execute("select * from scoring.tiers where as_of_date < ?", [as_of]).df(),
            connection.execute("select * from scoring.reference_population where frozen_on < ?", [as_of]).df(),
        )
        new_features = _new_feature_reference(
            marts,
            rules,
            night,
            connection.execute(f"select * from rules.{_FEATURES_RULE}").df(),
            connection.execute("select * from scoring.feature_reference where frozen_on < ?", [as_of]).df(),
            as_of,
        )
        connection.execute("begin transaction")
        for name, rows in night.tables.items():
            connection.execute(f"delete from scoring.{name} where as_of_date = ?", [as_of])
            _append(connection, name, rows)
        frozen = {"reference_population": night.new_reference, "feature_reference": new_features}
        for name, rows in frozen.items():
            connection.execute(f"delete from scoring.{name} where frozen_on = ?", [as_of])
            _append(connection, name, rows)
        connection.execute("commit")
    for note in night.notes:
        context.log.info(note)
    for name in _DESCRIPTIONS:
        rows = night.tables[name] if name in night.tables else frozen[name]
        yield dg.MaterializeResult(
            asset_key=["scoring", name],
            metadata={
                "dagster/row_count": len(rows),
                **({f"fact/{k}": v for k, v in night.facts.items()} if name == "tiers" else {}),
            },
        )


def _new_feature_reference(
    marts: Marts, rules: Rules, night: Night, fit_features: pd.DataFrame, history: pd.DataFrame, as_of: date
) -> pd.DataFrame:
    """Counts of scores and attributes that this quarter has not frozen yet."""
    attributes, lists = drift.watched_attributes(rules.icp_criteria, fit_features)
    accounts = marts.account_360
    features = {f"account_360.{name}": accounts[name] for name in attributes if name in accounts.columns}
    for name, column in SCORE_COLUMNS.items():
        features[f"{name}.{column}"] = night.tables[name][column]
    return drift.freeze(
        features,
        [f"account_360.{name}" for name in lists],
        read_parameters(rules.scoring_parameters),
        as_of,
        drift.in_force(history, as_of),
    )


def create_score_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of schema `scoring` that are not there."""
    connection.execute("create schema if not exists scoring")
    for name, columns in COLUMNS.items():
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        connection.execute(f"create table if not exists scoring.{name} ({listed})")


def _append(connection: duckdb.DuckDBPyConnection, name: str, rows: pd.DataFrame) -> None:
    connection.register("new_rows", rows)
    connection.execute(f"insert into scoring.{name} by name select * from new_rows")
    connection.unregister("new_rows")
