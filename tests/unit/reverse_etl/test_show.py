from __future__ import annotations

import ast
import logging
from pathlib import Path

import pytest

from reverse_etl.apply import apply
from reverse_etl.errors import TransientError
from reverse_etl.show import describe_outcome, describe_plan
from tests.unit.reverse_etl.night import ROOT, Night, account_id, account_row, contact_id, queue_row, tables

EMAIL, PERSON = "somebody@firm.example", "Pat Placeholder"


def noisy() -> dict[str, object]:
    return tables(
        [account_row(1, next_best_action=f"Write to {EMAIL}")],
        [{"salesforce_contact_id": contact_id(1), "committee_role": "DM"}],
        [queue_row(1, reason=f"{PERSON} came back", suggested_action=f"Call {PERSON}, {EMAIL}")],
    )  # type: ignore[return-value]


def test_a_plan_shows_counts_account_names_and_old_and_new_values(night: Night) -> None:
    night.deliver(tables([account_row(1)]))
    text = describe_plan(night.plan(tables([account_row(1, tier="Tier 1", score=80.0), account_row(2)])))
    assert "Account" in text and "Firm 1" in text
    assert "ABM_Tier__c Tier 2 -> Tier 1" in text
    assert "ABM_Score__c 50.00 -> 80.00" in text


def test_a_plan_can_be_narrowed_to_an_account_by_name_or_id(night: Night) -> None:
    plan = night.plan(tables([account_row(1), account_row(2)], [], [queue_row(2)]))
    for wanted in ("firm 2", account_id(2)):
        text = describe_plan(plan, account=wanted, limit=100)
        assert "Firm 2" in text and "Firm 1" not in text and "ABM_Queue_Item__c" in text
    assert "No change for an account" in describe_plan(plan, account="Nobody")


def test_a_long_plan_says_how_much_is_left_out(night: Night) -> None:
    plan = night.plan(tables([account_row(1), account_row(2)]))
    text = describe_plan(plan, limit=1)
    assert "and 1 more record" in text


def test_nothing_about_a_person_is_ever_printed(night: Night, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    plan = night.plan(noisy())  # type: ignore[arg-type]
    shown = [describe_plan(plan, limit=1000)]
    night.crm.refuse = lambda object_name, key: (
        ("INVALID_EMAIL_ADDRESS", "invalid email address") if "003" in key else None
    )
    shown.append(describe_outcome(apply(plan, night.crm, night.ledger)))

    def fail(step: str) -> None:
        raise TransientError(f"lost while sending {EMAIL}")

    again = night.plan(noisy())  # type: ignore[arg-type]
    night.crm.on_step = fail
    shown.append(describe_outcome(apply(again, night.crm, night.ledger)))
    shown.append(caplog.text)
    for text in shown:
        assert EMAIL not in text and "@" not in text
        assert PERSON not in text
        assert contact_id(1) not in text


def test_the_package_neither_prints_nor_logs_and_reads_no_clock_and_no_environment() -> None:
    forbidden = {"print", "logging", "environ", "getenv", "now", "today", "utcnow"}
    for path in sorted((ROOT / "reverse_etl").rglob("*.py")):
        names = {
            node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)
        }
        names |= {
            node.attr
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute)
        }
        imported = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert not (names | imported) & forbidden, (
            f"{path.name} uses {(names | imported) & forbidden}; hand it in instead"
        )


def test_deciding_touches_no_warehouse_and_no_network() -> None:
    for name in ("plan.py", "decide.py", "cells.py", "guards.py", "check.py", "rules.py", "settle.py", "show.py"):
        source = (Path(ROOT) / "reverse_etl" / name).read_text(encoding="utf-8")
        for library in ("duckdb", "requests", "simple_salesforce", "open("):
            assert library not in source, f"{name} decides; {library} belongs in ledger.py or destinations/"
