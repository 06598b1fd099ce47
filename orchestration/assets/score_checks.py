"""Checks on what scoring made and read: drift, coverage, methods, counts. They warn and never stop a night."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

import dagster as dg
import duckdb
import pandas as pd

from orchestration.resources import NightlyRun, Warehouse
from orchestration.score_night import SCORE_COLUMNS
from scoring import drift, night_quality
from scoring.night_quality import Quality, ScoreCounts
from scoring.parameters import Parameters, read_parameters

_ACCOUNTS = dg.AssetKey(["marts", "account_360"])
_ACTIVITY = dg.AssetKey(["marts", "activity_reconciliation"])
_ALL_SCORES = dg.AssetKey(["scoring", "composite_scores"])
_DRIFT = "score_has_not_drifted"
_SHARE = "share_with_a_score_is_steady"
_METHOD = "method_is_that_of_the_night_before"
_ATTRIBUTES = "attributes_have_not_drifted"
_ATTRIBUTION = "most_activity_belongs_to_an_account"
_COUNT = "number_of_accounts_is_steady"
_DESCRIPTIONS = {
    _DRIFT: "Population stability index of the score against the quarter's frozen population.",
    _SHARE: "As many accounts have a score as the night before, within a rule's share.",
    _METHOD: "The score was made by the method of the night before: rules, or the same model.",
    _ATTRIBUTES: "Population stability index of every attribute that fit reads, against the quarter's frozen counts.",
    _ATTRIBUTION: "No more than a rule's share of all activity belongs to no account.",
    _COUNT: "As many accounts as the night before, within a rule's share.",
}


_Found = tuple[Quality, pd.DataFrame | None]


@dataclass(frozen=True)
class _Check:
    """One check of one asset: how it is found out."""

    asset: dg.AssetKey
    name: str
    find: Callable[[duckdb.DuckDBPyConnection, date, Parameters], _Found]


def _metadata(numbers: Mapping[str, float], rows: pd.DataFrame | None) -> dict[str, dg.MetadataValue]:
    out: dict[str, dg.MetadataValue] = {name: dg.MetadataValue.float(value) for name, value in numbers.items()}
    if rows is not None and len(rows):
        records: list[dict[str, str | int | float | bool | None]] = json.loads(rows.round(4).to_json(orient="records"))
        out["drift"] = dg.MetadataValue.table([dg.TableRecord(record) for record in records])
    return out


def _score_drift(connection: duckdb.DuckDBPyConnection, as_of: date, parameters: Parameters, table: str) -> _Found:
    column = SCORE_COLUMNS[table]
    values = connection.execute(f"select {column} from scoring.{table} where as_of_date = ?", [as_of]).df()[column]
    return _drift(connection, as_of, parameters, {f"{table}.{column}": values})


def _attribute_drift(connection: duckdb.DuckDBPyConnection, as_of: date, parameters: Parameters) -> _Found:
    reference = _reference(connection, as_of)
    frozen = {name.partition(".")[2] for name in reference["feature"] if name.startswith("account_360.")}
    there = {row[0] for row in connection.execute("describe marts.account_360").fetchall()}
    # One column at a time: together they are the largest part of the table.
    features = {
        f"account_360.{name}": connection.execute(f'select "{name}" from marts.account_360').df()[name]
        for name in sorted(frozen & there)
    }
    return _drift(connection, as_of, parameters, features)


def _drift(
    connection: duckdb.DuckDBPyConnection, as_of: date, parameters: Parameters, features: Mapping[str, pd.Series]
) -> _Found:
    reference = _reference(connection, as_of)
    found = drift.compare(reference[reference["feature"].isin(list(features))], features, parameters)
    return night_quality.judge_drift(found, ", ".join(sorted(features))), found


def _reference(connection: duckdb.DuckDBPyConnection, as_of: date) -> pd.DataFrame:
    return drift.in_force(connection.execute("select * from scoring.feature_reference").df(), as_of)


def _share(connection: duckdb.DuckDBPyConnection, as_of: date, parameters: Parameters, table: str) -> _Found:
    return night_quality.judge_share(table, *_two_nights(connection, as_of, table), parameters), None


def _method(connection: duckdb.DuckDBPyConnection, as_of: date, _: Parameters, table: str) -> _Found:
    return night_quality.judge_methods(table, *_two_nights(connection, as_of, table)), None


def _account_count(connection: duckdb.DuckDBPyConnection, as_of: date, parameters: Parameters) -> _Found:
    today, before = _two_nights(connection, as_of, "composite_scores")
    return night_quality.judge_accounts(today.accounts, before.accounts if before else None, parameters), None


def _attribution(connection: duckdb.DuckDBPyConnection, _: date, parameters: Parameters) -> _Found:
    attributed, unattributed = connection.execute(
        "select coalesce(sum(attributed_rows + attributed_outside_crm_rows), 0), coalesce(sum(unattributed_rows), 0)"
        " from marts.activity_reconciliation"
    ).fetchall()[0]
    return night_quality.judge_attribution(int(attributed), int(unattributed), parameters), None


def _two_nights(
    connection: duckdb.DuckDBPyConnection, as_of: date, table: str
) -> tuple[ScoreCounts, ScoreCounts | None]:
    """Counts of the night and of the last one before it, if there is one."""
    rows = connection.execute(
        f"select as_of_date, count(*), count({SCORE_COLUMNS[table]}), list(distinct method) from scoring.{table}"
        f" where as_of_date = $night or as_of_date = (select max(as_of_date) from scoring.{table} where as_of_date < $night)"
        " group by as_of_date",
        {"night": as_of},
    ).fetchall()
    nights = {
        day: ScoreCounts(accounts, scored, frozenset(method for method in methods or () if method))
        for day, accounts, scored, methods in rows
    }
    return nights.pop(as_of, ScoreCounts(0, 0, frozenset())), next(iter(nights.values()), None)


# Behind the functions that it names, which Dagster asks for when it loads the module.
def _checks() -> list[_Check]:
    checks = []
    for table in SCORE_COLUMNS:
        key = dg.AssetKey(["scoring", table])
        checks += [
            _Check(key, _DRIFT, partial(_score_drift, table=table)),
            _Check(key, _SHARE, partial(_share, table=table)),
            _Check(key, _METHOD, partial(_method, table=table)),
        ]
    return [
        *checks,
        _Check(_ALL_SCORES, _COUNT, _account_count),
        _Check(_ACCOUNTS, _ATTRIBUTES, _attribute_drift),
        _Check(_ACTIVITY, _ATTRIBUTION, _attribution),
    ]


@dg.multi_asset_check(
    name="score_checks",
    specs=[
        dg.AssetCheckSpec(
            check.name,
            asset=check.asset,
            description=_DESCRIPTIONS[check.name],
            additional_deps=[dg.AssetKey(["scoring", "feature_reference"])],
        )
        for check in _checks()
    ],
)
def score_checks(
    context: dg.AssetCheckExecutionContext, nightly_run: NightlyRun, warehouse: Warehouse
) -> Iterator[dg.AssetCheckResult]:
    """Whether scores and what they are made of moved, and whether they cover what they covered."""
    with warehouse.connect() as connection:
        parameters = read_parameters(connection.execute("select * from rules.scoring_parameters").df())
        for check in _checks():
            try:
                quality, rows = check.find(connection, nightly_run.as_of, parameters)
            except Exception as error:  # a check that cannot be made is said, and does not cost the night its delivery
                quality, rows = Quality(False, f"{check.name} could not be made: {error}", {}), None
            (context.log.info if quality.passed else context.log.warning)(quality.sentence)
            yield dg.AssetCheckResult(
                asset_key=check.asset,
                check_name=check.name,
                passed=quality.passed,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"finding": dg.MetadataValue.text(quality.sentence), **_metadata(quality.numbers, rows)},
            )
