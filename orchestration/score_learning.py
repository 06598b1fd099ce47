"""What the company's own outcomes say about weights and half-lives: read from a warehouse, shown, never written."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from orchestration.errors import UsageError
from orchestration.views import print_json
from scoring import half_lives
from scoring.engagement_learning import LearnedWeights, learn
from scoring.half_lives import Choice, HalfLives
from scoring.outcome_panel import month_ends_before
from scoring.parameters import Parameters, read_parameters

_PERSONS_AT_MONTH_ENDS = (
    "select events.account_id, month_ends.month_end_date, count(distinct events.person_key) as person_count"
    " from marts.int_intent_events_attributed as events"
    " inner join month_ends on events.activity_date <= month_ends.month_end_date"
    " and events.activity_date > month_ends.month_end_date - 28"
    " where events.account_id is not null and not events.is_bot"
    " group by events.account_id, month_ends.month_end_date"
)
_CANDIDATE_NUMBERS = {"log_loss": ".5f", "gain": "+.5f", "standard_error": ".5f"}


@dataclass(frozen=True)
class Answer:
    """What was found, the night it stands for, and the changed rows of each rule file, ready to be pasted."""

    as_of: date
    found: LearnedWeights | HalfLives
    rule_rows: Mapping[str, str]


def read_engagement_weights(connection: duckdb.DuckDBPyConnection) -> Answer:
    """Weights learned from the outcomes in a warehouse.

    Raises
    ------
    UsageError
        If no night has scored this warehouse.
    """
    as_of, parameters = _night(connection)
    rules = _table(connection, "rules.touch_types")
    found = learn(
        _table(connection, "marts.account_360"),
        _table(connection, "marts.fct_touch_days"),
        rules,
        _table(connection, "rules.role_weights"),
        parameters,
        as_of,
    )
    proposed = dict(zip(found.table["touch_type"], found.table["proposed"], strict=True))
    changed = {"touch_types": _changed_rows(rules, "touch_type", "weight", proposed)} if found.is_adopted else {}
    return Answer(as_of, found, changed)


def read_half_lives(connection: duckdb.DuckDBPyConnection) -> Answer:
    """Half-lives judged by the outcomes in a warehouse.

    Raises
    ------
    UsageError
        If no night has scored this warehouse.
    """
    as_of, parameters = _night(connection)
    first = connection.execute("select min(activity_date) from marts.fct_intent_days").fetchall()[0][0]
    ends = pd.DataFrame({"month_end_date": month_ends_before(first, as_of) if first is not None else []})
    ends = ends.astype({"month_end_date": "datetime64[s]"})
    connection.register("month_end_rows", ends)
    connection.execute(
        "create temporary table month_ends as select cast(month_end_date as date) as month_end_date from month_end_rows"
    )
    types, numbers = _table(connection, "rules.touch_types"), _table(connection, "rules.scoring_parameters")
    found = half_lives.fit_half_lives(
        _table(connection, "marts.account_360"),
        _table(connection, "marts.fct_intent_days"),
        connection.execute(_PERSONS_AT_MONTH_ENDS).df(),
        _table(connection, "marts.fct_vendor_surge"),
        _table(connection, "marts.fct_touch_days"),
        _table(connection, "rules.intent_topics"),
        _table(connection, "rules.exposure_calendar"),
        types,
        _table(connection, "rules.role_weights"),
        parameters,
        as_of,
    )
    changed = {}
    if found.intent.is_change:
        names = ("intent_short_half_life_days", "intent_long_half_life_days")
        values = dict(zip(names, found.intent.best, strict=True))
        changed["scoring_parameters"] = _changed_rows(numbers, "parameter", "value", values)
    days = _touch_half_lives(types, found)
    if days:
        changed["touch_types"] = _changed_rows(types, "touch_type", "half_life_days", days)
    return Answer(as_of, found, changed)


def print_engagement_weights(answer: Answer, as_json: bool, out: Console) -> None:
    """The weights of expert and outcomes side by side, the gain and the verdict; rows to paste where they changed."""
    found = answer.found
    assert isinstance(found, LearnedWeights)
    if as_json:
        print_json(
            {
                "as_of_date": answer.as_of,
                "verdict": found.verdict,
                "is_change": found.is_adopted,
                "gain": _pair(found.gain),
                "score_gain": _pair(found.score_gain),
                "penalty": _number(found.penalty),
                "touch_types": _records(found.table),
                "notes": list(found.notes),
                "rule_rows": dict(answer.rule_rows),
            }
        )
        return
    table = Table(box=box.SIMPLE, title=f"Weights of touch types, learned up to {answer.as_of}", title_justify="left")
    table.add_column("touch type")
    for heading in ("expert", "learned", "rows with it", "accounts qualified after it"):
        table.add_column(heading, justify="right")
    for row in _records(found.table.sort_values(["expert", "touch_type"], ascending=[False, True])):
        learned = "" if row["learned"] is None else f"{row['learned']:.1f}"
        counts = (f"{row['touched_row_count']:,}", f"{row['positive_account_count']:,}")
        table.add_row(row["touch_type"], f"{row['expert']:g}", learned, *counts)
    out.print(table)
    _print_end([*found.notes, found.verdict], answer.rule_rows, out)


def print_half_lives(answer: Answer, as_json: bool, out: Console) -> None:
    """Each question about half-lives with its candidates, the gain and the verdict; rows to paste where they changed."""
    found = answer.found
    assert isinstance(found, HalfLives)
    choices = [found.intent, found.touches, *found.touch_types]
    if as_json:
        print_json(
            {
                "as_of_date": answer.as_of,
                "choices": [_choice(choice) for choice in choices],
                "notes": list(found.notes),
                "rule_rows": dict(answer.rule_rows),
            }
        )
        return
    for choice, title in (
        (found.intent, "Intent: short / long half-life in days"),
        (found.touches, "Touches: one factor on every half-life"),
    ):
        if len(choice.table):
            out.print(_candidates(choice, title))
        out.print(f"{title.partition(':')[0]}. {choice.verdict}\n")
    if found.touch_types:
        table = Table(box=box.SIMPLE, title="Each touch type on its own", title_justify="left")
        for heading in ("touch type", "best factor", "gain of choosing", "standard error", "errors needed", "verdict"):
            table.add_column(heading, justify="left" if heading in ("touch type", "verdict") else "right")
        for choice in found.touch_types:
            numbers = (
                f"{choice.best[0]:g}",
                f"{choice.gain[0]:+.5f}",
                f"{choice.gain[1]:.5f}",
                f"{choice.errors_needed:.1f}",
            )
            table.add_row(choice.subject, *numbers, "change" if choice.is_change else "keep")
        out.print(table)
    _print_end(list(found.notes), answer.rule_rows, out)


def _print_end(sentences: Sequence[str], rule_rows: Mapping[str, str], out: Console) -> None:
    for sentence in sentences:
        out.print(sentence, highlight=False)
    for name, rows in rule_rows.items():
        out.print(
            f"\nNothing was written. To change it, put these rows in seeds/rules/{name}.csv and say why in `note`:"
        )
        out.print(rows, highlight=False, markup=False, soft_wrap=True)


def _candidates(choice: Choice, title: str) -> Table:
    table = Table(box=box.SIMPLE, title=title, title_justify="left")
    for heading in ("", "log loss", "gain", "standard error"):
        table.add_column(heading, justify="right")
    for row in _records(choice.table):
        name = f"{row['candidate']} (now)" if row["is_current"] else row["candidate"]
        table.add_row(name, *(f"{row[key]:{how}}" for key, how in _CANDIDATE_NUMBERS.items()))
    return table


def _touch_half_lives(types: pd.DataFrame, found: HalfLives) -> dict[str, float]:
    """Touch type -> days, where that changes: all together, else the one type that gains most; then ask again."""
    now = dict(zip(types["touch_type"].astype(str), types["half_life_days"].astype(float), strict=True))
    if found.touches.is_change:
        return {name: max(1.0, round(days * found.touches.best[0])) for name, days in now.items()}
    better = [choice for choice in found.touch_types if choice.is_change]
    if not better:
        return {}
    best = max(better, key=lambda choice: (choice.gain[0] / choice.gain[1], choice.subject))
    return {best.subject: max(1.0, round(now[best.subject] * best.best[0]))}


def _changed_rows(rules: pd.DataFrame, key: str, column: str, values: Mapping[str, float]) -> str:
    """Rows whose value differs, as lines of the rule file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rules.to_dict("records"):
        name = str(row[key])
        if name in values and float(row[column]) != values[name]:
            writer.writerow([_cell({**row, column: values[name]}[field]) for field in rules.columns])
    return text.getvalue().rstrip("\n")


def _cell(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return f"{value:g}" if isinstance(value, (float, np.floating)) else str(value)


def _night(connection: duckdb.DuckDBPyConnection) -> tuple[date, Parameters]:
    known = connection.execute(
        "select count(*) from information_schema.tables where table_schema = 'scoring' and table_name = 'composite_scores'"
    ).fetchall()[0][0]
    latest = (
        connection.execute("select max(as_of_date) from scoring.composite_scores").fetchall()[0][0] if known else None
    )
    if latest is None:
        raise UsageError("This warehouse has no scores yet. Make them with `abm run`, then ask again.")
    return latest, read_parameters(_table(connection, "rules.scoring_parameters"))


def _table(connection: duckdb.DuckDBPyConnection, name: str) -> pd.DataFrame:
    return connection.execute(f"select * from {name}").df()


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "subject": choice.subject,
        "verdict": choice.verdict,
        "is_change": choice.is_change,
        "current": list(choice.current),
        "best": list(choice.best),
        "gain": _pair(choice.gain),
        "errors_needed": choice.errors_needed,
        "candidates": _records(choice.table),
    }


def _pair(gain: tuple[float, float]) -> dict[str, float | None]:
    return {"nats_per_row": _number(gain[0]), "standard_error": _number(gain[1])}


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.astype(object).where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]
