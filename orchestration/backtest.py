"""Replays past nights in a copy of the warehouse, with today's code and rules, and judges them by what happened."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from loading.batches import FILE_TIME
from loading.readable import quoted
from orchestration.errors import RunFailed, UsageError
from orchestration.fit_registry import last_night
from orchestration.resources import (
    open_warehouse,
    published_path,
    run_dbt,
    silence_usage_tracking,
)
from orchestration.score_night import create_score_tables, score_night
from orchestration.target_list_night import decide_night
from scoring.backtest import Backtest, judge

_MADE_ANEW: Final = (
    "composite_scores",
    "engagement_scores",
    "feature_reference",
    "fit_scores",
    "fit_shadow_scores",
    "intent_scores",
    "reference_population",
    "score_reasons",
    "target_list",
    "target_list_changes",
    "target_list_quarters",
    "tiers",
)
_KNOWN_FROM_THE_START: Final = """
update raw.{table} set loaded_at = '1970-01-01' || substr(loaded_at, 11)
where loaded_at like ? {dated}
"""
_NIGHT: Final = """
select
    cast(? as date) as as_of_date,
    tiers.account_id,
    tiers.tier,
    composite_scores.composite_score,
    tiers.tier <> (select max(tier) from rules.tiers) as is_better_tier,
    queued.queue_probability,
    offers.account_id is not null as could_be_queued
from scoring.tiers as tiers
inner join scoring.composite_scores as composite_scores
    on tiers.account_id = composite_scores.account_id and tiers.as_of_date = composite_scores.as_of_date
left join (
    select account_id, max(sql_probability) as queue_probability from activation.sdr_queue group by account_id
) as queued
    on tiers.account_id = queued.account_id
left join activation.int_queue_offers as offers
    on tiers.account_id = offers.account_id
where tiers.as_of_date = ?
order by tiers.account_id
"""


@dataclass(frozen=True)
class Request:
    """Which nights are replayed, and by what they are judged."""

    first: date
    last: date
    every_days: int
    horizon_days: int
    outcome: str


def run_backtest(warehouse: Path, request: Request, say: Callable[[str], None]) -> Backtest:
    """Replay nights and judge them.

    Raises
    ------
    UsageError
        If the days are in the wrong order, or the warehouse holds no night, or knows nothing after them.
    RunFailed
        If a night cannot be rebuilt; with what dbt said.
    """
    source = published_path(warehouse) if published_path(warehouse).exists() else warehouse
    if not source.exists():
        raise UsageError(f"{warehouse}: no such file. Make a night first with `abm run --warehouse {warehouse} ...`.")
    with open_warehouse(source, read_only=True) as connection:
        known_until = last_night(connection, warehouse)
        outcomes = connection.execute(
            "select account_id, first_sqo_date, first_won_date from marts.account_360 order by account_id"
        ).df()
    nights = days_between(request)
    if request.first > known_until:
        raise UsageError(f"--from is {request.first}, but {warehouse} knows nothing after {known_until}.")
    silence_usage_tracking()
    parts = []
    with tempfile.TemporaryDirectory(dir=warehouse.parent, prefix="backtest-") as folder:
        copy = Path(folder) / "replay.duckdb"
        shutil.copyfile(source, copy)
        with duckdb.connect(str(copy)) as connection:
            # What was in force then is part of the replay; what was scored then is what is made anew.
            create_score_tables(connection)
            for table in _MADE_ANEW:
                connection.execute(f"delete from scoring.{table}")
            began = let_what_was_there_count(connection)
        for number, night in enumerate(nights, start=1):
            say(f"night {night} ({number} of {len(nights)})")
            parts.append(_replay(copy, Path(folder), night))
    found = judge(pd.concat(parts, ignore_index=True), outcomes, known_until, request.horizon_days, request.outcome)
    if request.first >= began:
        return found
    said = (
        f"The warehouse began on {began}. What its first night found without a loading time counts from the day that it "
        f"describes; what keeps no history (an account's type and owner in the CRM, users) is as it was on {began}."
    )
    return replace(found, notes=(said, *found.notes))


def days_between(request: Request) -> list[date]:
    """The nights that are replayed, first one first.

    Raises
    ------
    UsageError
        If there are none.
    """
    if request.last < request.first:
        raise UsageError(f"--to {request.last} is before --from {request.first}. Give the earlier day first.")
    count = (request.last - request.first).days // request.every_days + 1
    return [request.first + timedelta(days=request.every_days * at) for at in range(count)]


def let_what_was_there_count(connection: duckdb.DuckDBPyConnection) -> date:
    """Let rows that the first night found without a loading time count in earlier nights too; the day of that night.

    They stay in the order in which they were read, behind every version of a record with a loading time of its own.
    A consent without a date is none before the night that found it.
    """
    began: date = connection.execute("select min(as_of_date) from raw.loads").fetchall()[0][0]
    tables = connection.execute(
        "select table_name from information_schema.columns where table_schema = 'raw' and column_name = 'loaded_at'"
    ).fetchall()
    for (table,) in tables:
        dated = "and nullif(trim(occurred_at), '') is not null" if table == "consent_records" else ""
        statement = _KNOWN_FROM_THE_START.format(table=quoted(table), dated=dated)
        connection.execute(statement, [f"{began}T{FILE_TIME[:-1]}%"])
    return began


def _replay(copy: Path, folder: Path, night: date) -> pd.DataFrame:
    _dbt(copy, folder, night, ["--select", "staging", "identity", "marts"])
    with open_warehouse(copy) as connection:
        score_night(connection, night)
    # The list asks who is held out of it.
    _dbt(copy, folder, night, ["--select", "int_held_accounts"])
    with open_warehouse(copy) as connection:
        decide_night(connection, night)
    _dbt(copy, folder, night, ["--select", "activation"])
    with open_warehouse(copy) as connection:
        return connection.execute(_NIGHT, [night, night]).df()


def _dbt(copy: Path, folder: Path, night: date, selection: Sequence[str]) -> None:
    places = ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    done = run_dbt(["run", *selection, *places], {"as_of_date": night.isoformat()}, str(copy))
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise RunFailed(f"The night of {night} could not be rebuilt. dbt said:\n{said[-2000:]}")


def print_backtest(found: Backtest, request: Request, as_json: bool, out: Console) -> None:
    """Tables of what past nights were worth."""
    if as_json:
        frames = ("nights", "precision", "lift", "tiers", "queue")
        tables: dict[str, Any] = {
            name: json.loads(getattr(found, name).to_json(orient="records", date_format="iso")) for name in frames
        }
        out.print_json(json.dumps(tables | {"notes": list(found.notes), "outcome": request.outcome}))
        return
    out.print(
        f"Outcome: {request.outcome} within {request.horizon_days} days of a night, "
        "by today's code, rules and matching, with the facts of that night."
    )
    for title, table in (
        ("Nights", found.nights),
        ("Precision of the best", found.precision),
        ("Tenths of the composite, best first", found.lift),
        ("Tiers", found.tiers),
        ("Queue", found.queue),
    ):
        if len(table):
            out.print(_rich(title, table))
    for note in found.notes:
        out.print(f"[yellow]{escape(note)}[/]")


def _rich(title: str, frame: pd.DataFrame) -> Table:
    table = Table(title=title, title_justify="left")
    for column in frame.columns:
        is_text = column in ("group", "as_of_date", "is_matured")
        table.add_column(
            column.replace("_", " "), justify="left" if is_text else "right", no_wrap=column == "as_of_date"
        )
    for row in frame.itertuples(index=False):
        table.add_row(*(_cell(name, value) for name, value in zip(frame.columns, row, strict=True)))
    return table


def _cell(name: str, value: Any) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if name in ("lift",):
        return f"{value:.2f}"
    if isinstance(value, float):
        return f"{value:.1%}" if name.endswith(("rate", "precision", "share", "probability")) else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
