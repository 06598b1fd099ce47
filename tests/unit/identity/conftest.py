"""Rules of the repository and small tables of records for the tests of identity."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

from identity import IdentityRules, Resolution, resolve
from identity.rules import RULE_TABLES

RULES = Path(__file__).parents[3] / "seeds" / "rules"
DAY = date(2026, 1, 31)
NAMES = RULE_TABLES

# Machines that run tests are shared and at times slow.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")


def read_rule_tables() -> dict[str, pd.DataFrame]:
    return {name: pd.read_csv(RULES / f"{name}.csv", dtype=str, keep_default_na=False) for name in NAMES}


def make_rules(overrides: list[tuple[str, str, str]] | None = None, **parameters: float) -> IdentityRules:
    tables = read_rule_tables()
    rows = [(*override, "RevOps", "2026-01-01", "test") for override in overrides or []]
    tables["account_overrides"] = pd.DataFrame(rows, columns=list(tables["account_overrides"].columns), dtype=object)
    values = tables["identity_parameters"].set_index("parameter")["value"]
    values.update(pd.Series({name: str(value) for name, value in parameters.items()}, dtype=object))
    tables["identity_parameters"]["value"] = values.to_numpy()
    return IdentityRules.from_tables(**tables)


@cache
def default_rules() -> IdentityRules:
    """The rules as they stand in the repository, without decisions of people."""
    return make_rules()


@pytest.fixture(scope="session")
def rules() -> IdentityRules:
    return default_rules()


def make_records(*rows: dict[str, object]) -> pd.DataFrame:
    """Records with ids `salesforce:<n>` in order, unless a row says otherwise."""
    full = [
        {
            "record_id": f"salesforce:{number}",
            "source": str(row.get("record_id", "salesforce:")).partition(":")[0],
            **row,
        }
        for number, row in enumerate(rows)
    ]
    return pd.DataFrame(full, columns=None if full else ["record_id"], dtype=object)


def partition(resolution: Resolution) -> set[frozenset[str]]:
    """Accounts as sets of record ids."""
    members = resolution.members.to_pandas()
    return {frozenset(ids) for _, ids in members.groupby("account_id")["record_id"]}


def accounts(*rows: dict[str, object], rules: IdentityRules | None = None) -> set[frozenset[str]]:
    """Accounts of the rows, each row by its number or its record_id."""
    resolution = resolve(make_records(*rows), None, rules or default_rules(), DAY)
    return {frozenset(id_.removeprefix("salesforce:") for id_ in ids) for ids in partition(resolution)}


def joins(*rows: dict[str, object], rules: IdentityRules | None = None) -> bool:
    """Whether all rows are one account."""
    return len(accounts(*rows, rules=rules)) == 1
