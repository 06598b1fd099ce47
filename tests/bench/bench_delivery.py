"""Planning a delivery: every account of a CRM compared with what the warehouse wants, 1% of them changed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reverse_etl.cells import read_cells
from reverse_etl.plan import build_plan
from tests.bench.measure import measure, print_table
from tests.unit.reverse_etl.night import DAY, account_id, crm_schema, house_rules, tables

SIZES = (10_000, 100_000, 1_000_000)
Inputs = tuple[dict[str, pa.Table], dict[str, pa.Table], dict[str, pa.Table]]


def make_inputs(accounts: int) -> Inputs:
    """What the warehouse wants, what the CRM holds, what was sent last: equal but for the score of 1% of the accounts."""
    random = np.random.default_rng(1)
    ids = pa.array([account_id(number) for number in range(accounts)])
    score = random.uniform(0, 100, accounts).round(4)
    wanted = pa.table(
        {
            "salesforce_account_id": ids,
            "abm_account_key": pa.array([f"acc_{number:016x}" for number in range(accounts)]),
            "duplicate_of_salesforce_account_id": pa.nulls(accounts, pa.string()),
            "score": score,
            "tier": pa.array(np.array(["Tier 1", "Tier 2", "Tier 3"])[random.integers(0, 3, accounts)]),
            "previous_tier": pa.nulls(accounts, pa.string()),
            "fit_score": score,
            "intent_score": score,
            "engagement_score": score,
            "committee_coverage_pct": score,
            "committee_roles_missing": pa.array(["SEC|USER"] * accounts),
            "top_reasons": pa.array([f"Three people read about pricing {number % 97}." for number in range(accounts)]),
            "next_best_action": pa.array([f"Call the decision maker {number % 13}." for number in range(accounts)]),
            "is_suppressed": pa.array(np.zeros(accounts, bool)),
            "suppressed_reason": pa.nulls(accounts, pa.string()),
            "score_method": pa.array(["rules"] * accounts),
            "scored_at": pa.array(np.full(accounts, np.datetime64(DAY, "us"))),
        }
    )
    rules, schema = house_rules(), crm_schema()
    held = {"Id": ids, "Name": pa.array([f"Firm {number}" for number in range(accounts)])}
    for rule in rules.fields_of("Account"):
        cells = read_cells(wanted[rule.source_column], schema["Account"].fields[rule.field], rule.decimals, cut=True)
        held[rule.field] = cells.texts(np.arange(accounts))
    sent = {rule.field: pc.fill_null(held[rule.field], "") for rule in rules.fields_of("Account")}
    changed = np.zeros(accounts, bool)
    changed[random.choice(accounts, accounts // 100, replace=False)] = True
    moved = pa.array(np.where(changed, (score + 20) % 100, score))
    wanted = wanted.set_column(wanted.column_names.index("score"), "score", moved)
    queue_fields = ["Id", "Queue_Key__c", *(rule.field for rule in rules.fields_of("ABM_Queue_Item__c"))]
    current = {
        "Account": pa.table(held),
        "Contact": pa.table({name: pa.array([], pa.string()) for name in ("Id", "ABM_Committee_Role__c")}),
        "ABM_Queue_Item__c": pa.table({name: pa.array([], pa.string()) for name in queue_fields}),
    }
    last_sent = {"Account": pa.table({"record_key": ids, "as_of_date": pa.array([DAY] * accounts), **sent})}
    return {**tables([]), "sync_salesforce_accounts": wanted}, current, last_sent


def make(accounts: int) -> None:
    """Make the input only: its share of the time is taken off."""
    make_inputs(accounts)


def make_and_plan(accounts: int) -> None:
    """Make the input and plan."""
    desired, current, last_sent = make_inputs(accounts)
    plan = build_plan(desired, current, last_sent, crm_schema(), house_rules(), run_id="bench", as_of_date=DAY)
    if plan.change_count != accounts // 100:
        raise AssertionError(f"{plan.change_count} changes planned, expected {accounts // 100}")


def main() -> None:
    """Print the table."""
    rows: list[tuple[object, ...]] = []
    for accounts in SIZES:
        both, input_only = measure(make_and_plan, accounts, repeat=1), measure(make, accounts, repeat=1)
        seconds = both.seconds - input_only.seconds
        rows.append((f"{accounts:,}", f"{seconds:.2f} s", f"{both.peak_mb:,.0f} MB", f"{input_only.peak_mb:,.0f} MB"))
    print_table("Planning a delivery, 1% changed", ("accounts", "time", "peak memory", "of which input"), rows)


if __name__ == "__main__":
    main()
