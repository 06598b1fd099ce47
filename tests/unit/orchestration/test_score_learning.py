from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.errors import UsageError
from orchestration.score_learning import (
    Answer,
    print_engagement_weights,
    print_half_lives,
    read_engagement_weights,
    read_half_lives,
)
from scoring.rules import RuleError
from tests.unit.scoring.conftest import RULES, read_rules
from tests.unit.scoring.test_half_lives import NO_RESEARCH, NO_VENDOR, with_research
from tests.unit.scoring.touch_world import TYPES, WRONG_EXPERT, tables

AS_OF = dt.date(2026, 6, 30)


def warehouse(connection: duckdb.DuckDBPyConnection, touch_types: pd.DataFrame, size: int = 500) -> None:
    accounts, touches = tables(1, size, AS_OF)
    events = pd.DataFrame(
        {
            "account_id": ["acc_00000", "acc_00000", "acc_00000", None],
            "person_key": ["p", "q", "q", "r"],
            "activity_date": np.array(["2026-06-02", "2026-06-03", "2026-06-04", "2026-06-05"], dtype="datetime64[s]"),
            "is_bot": [False, False, False, False],
        }
    )
    contents = {
        "marts.account_360": with_research(accounts),
        "marts.fct_touch_days": touches,
        "marts.fct_intent_days": NO_RESEARCH,
        "marts.fct_vendor_surge": NO_VENDOR,
        "marts.int_intent_events_attributed": events,
        "rules.touch_types": touch_types,
        "scoring.composite_scores": pd.DataFrame({"as_of_date": [AS_OF, AS_OF - dt.timedelta(days=1)]}),
        **{
            f"rules.{name}": read_rules(name)
            for name in ("role_weights", "scoring_parameters", "intent_topics", "exposure_calendar")
        },
    }
    for schema in ("marts", "rules", "scoring"):
        connection.execute(f"create schema {schema}")
    for name, rows in contents.items():
        connection.register("rows_to_write", rows)
        connection.execute(f"create table {name} as select * from rows_to_write")
        connection.unregister("rows_to_write")


def wrong_rules() -> pd.DataFrame:
    rows = read_rules("touch_types")
    weights = dict(zip(TYPES, WRONG_EXPERT, strict=True))
    return rows.assign(
        weight=[weights.get(name, old) for name, old in zip(rows["touch_type"], rows["weight"], strict=True)],
        half_life_days=4 * rows["half_life_days"],
    )


@pytest.fixture(scope="module")
def answers() -> tuple[Answer, Answer]:
    with duckdb.connect() as connection:
        warehouse(connection, wrong_rules())
        return read_engagement_weights(connection), read_half_lives(connection)


def printed(answer: Answer, printer: object, *, as_json: bool) -> str:
    text = io.StringIO()
    printer(answer, as_json, Console(file=text, width=160))  # type: ignore[operator]
    return text.getvalue()


def test_changed_rows_are_lines_of_the_rule_file(answers: tuple[Answer, Answer]) -> None:
    header = (RULES / "touch_types.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    for answer, column in zip(answers, ("weight", "half_life_days"), strict=True):
        lines = answer.rule_rows["touch_types"]
        rows = [dict(zip(header, row, strict=True)) for row in csv.reader(io.StringIO(lines))]
        rules = wrong_rules().set_index("touch_type")
        assert rows
        for row in rows:
            before = rules.loc[row["touch_type"]]
            assert float(row[column]) != before[column]
            assert row["label_ja"] == before["label_ja"]
            assert row["is_deep"] in ("true", "false")
    halved = dict(csv.reader(io.StringIO("\n".join(
        f"{line.split(',')[0]},{line.split(',')[2]}" for line in answers[1].rule_rows["touch_types"].splitlines()
    ))))  # fmt: skip
    assert halved["page_view"] == "14"


def test_the_tables_say_what_was_found_and_that_nothing_was_written(answers: tuple[Answer, Answer]) -> None:
    weights = printed(answers[0], print_engagement_weights, as_json=False)
    assert "Weights of touch types, learned up to 2026-06-30" in weights
    assert "Change the weights: the log loss on accounts not learned from changes by -0." in weights
    assert "Nothing was written. To change it, put these rows in seeds/rules/touch_types.csv" in weights
    days = printed(answers[1], print_half_lives, as_json=False)
    assert "Intent. Keep: 0 accounts reached" in days
    assert "1 (now)" in days
    assert "Touches. Change to half-lives 0.5 times as long" in days


def test_json_holds_the_same_for_a_script(answers: tuple[Answer, Answer], capsys: pytest.CaptureFixture[str]) -> None:
    print_engagement_weights(answers[0], True, Console())
    said = json.loads(capsys.readouterr().out)
    assert said["is_change"] is True
    assert said["gain"]["nats_per_row"] > said["gain"]["standard_error"] > 0
    assert {row["touch_type"] for row in said["touch_types"]} == set(read_rules("touch_types")["touch_type"])
    print_half_lives(answers[1], True, Console())
    said = json.loads(capsys.readouterr().out)
    assert [choice["subject"] for choice in said["choices"]][:2] == ["intent", "touches"]
    assert said["choices"][0]["gain"] == {"nats_per_row": None, "standard_error": None}


def test_a_warehouse_without_scores_or_with_older_rules_says_what_is_missing() -> None:
    with duckdb.connect() as connection:
        with pytest.raises(UsageError, match="no scores yet"):
            read_engagement_weights(connection)
        warehouse(connection, read_rules("touch_types"), size=5)
        connection.execute("delete from rules.scoring_parameters where parameter = 'outcome_horizon_days'")
        with pytest.raises(RuleError, match="outcome_horizon_days"):
            read_half_lives(connection)


@pytest.mark.parametrize("command", ["engagement-weights", "half-lives"])
def test_a_warehouse_that_is_not_there_is_named(command: str, tmp_path: Path) -> None:
    absent = tmp_path / "absent.duckdb"
    outcome = CliRunner().invoke(app, ["score", command, "--warehouse", str(absent)])
    assert isinstance(outcome.exception, UsageError)
    assert "absent.published.duckdb: no night has ended well yet" in str(outcome.exception)
