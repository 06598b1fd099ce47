from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd

from scoring.inputs import NO_DATE, day, read_accounts
from scoring.outcome_panel import COLUMNS, Panel, outcome_panel, too_few
from scoring.parameters import Parameters

AS_OF = dt.date(2026, 6, 30)
LOG_START = dt.date(2025, 10, 1)


def account(name: str, **columns: object) -> dict[str, object]:
    base = {
        "account_id": name,
        "ultimate_parent_account_id": name,
        "primary_domain": "x.example",
        "created_date": dt.date(2024, 1, 1),
        "is_customer": False,
        "first_won_date": None,
        "first_sqo_date": None,
    }
    return base | columns


# Opens the log of outcomes before the log of touches.
OPENER = account("opener", first_sqo_date=dt.date(2025, 1, 15))


def panel(parameters: Parameters, *rows: dict[str, object], seen: dict[str, dt.date] | None = None) -> Panel:
    table = read_accounts(pd.DataFrame([OPENER, *rows]), COLUMNS)
    since = np.array([day(seen[name]) if seen and name in seen else NO_DATE for name in table.ids])
    return outcome_panel(table, since, day(LOG_START), parameters, AS_OF)


def rows_of(found: Panel, name: str, *names: str) -> list[tuple[str, bool]]:
    at = sorted(["opener", name, *names]).index(name)
    return [
        (str(np.datetime64(found.dates[date], "D")), bool(positive))
        for date, account_at, positive in zip(found.date_of, found.account, found.is_positive, strict=True)
        if account_at == at
    ]


def test_month_ends_have_a_month_of_facts_before_and_a_whole_horizon_after(parameters: Parameters) -> None:
    # 90 days before 30 June is 1 April: the last month end is that of March. October has 30 days of facts.
    found = panel(parameters, account("a"))
    assert [date for date, _ in rows_of(found, "a")] == [
        "2025-10-31", "2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31",
    ]  # fmt: skip
    assert not found.is_positive.any()


def test_an_opportunity_counts_for_the_month_ends_of_the_ninety_days_before_it_and_ends_the_rows(
    parameters: Parameters,
) -> None:
    found = panel(parameters, account("a", first_sqo_date=dt.date(2026, 1, 31)))
    # 31 October is 92 days before, 30 November 62; on 31 January itself it is there already.
    assert rows_of(found, "a") == [("2025-10-31", False), ("2025-11-30", True), ("2025-12-31", True)]
    assert found.positive_accounts == 1


def test_an_opportunity_after_the_last_day_is_not_seen(parameters: Parameters) -> None:
    later = panel(parameters, account("a", first_sqo_date=AS_OF + dt.timedelta(days=1)))
    never = panel(parameters, account("a"))
    assert rows_of(later, "a") == rows_of(never, "a")


def test_an_account_has_rows_from_its_record_on_and_only_while_it_can_be_seen(parameters: Parameters) -> None:
    found = panel(
        parameters,
        account("late", created_date=dt.date(2026, 2, 1)),
        account("blind", primary_domain=None),
        account("known", primary_domain=None),
        seen={"known": dt.date(2026, 1, 10)},
    )
    names = ("late", "blind", "known")
    assert [date for date, _ in rows_of(found, "late", *names[1:])] == ["2026-02-28", "2026-03-31"]
    assert rows_of(found, "blind", "late", "known") == []
    assert rows_of(found, "known", "late", "blind")[0] == ("2026-01-31", False)


def test_customers_are_left_out(parameters: Parameters) -> None:
    found = panel(
        parameters,
        account("old", is_customer=True),
        account("won", is_customer=True, first_won_date=dt.date(2026, 1, 5)),
    )
    assert rows_of(found, "old", "won") == []
    assert [date for date, _ in rows_of(found, "won", "old")] == ["2025-10-31", "2025-11-30", "2025-12-31"]


def test_a_log_of_outcomes_that_begins_late_moves_the_first_month_end(parameters: Parameters) -> None:
    late_log = {**OPENER, "first_sqo_date": dt.date(2026, 1, 15)}
    table = read_accounts(pd.DataFrame([late_log, account("a")]), COLUMNS)
    found = outcome_panel(table, np.full(2, NO_DATE), day(LOG_START), parameters, AS_OF)
    assert str(np.datetime64(found.dates[0], "D")) == "2026-01-31"


def test_no_facts_or_no_opportunity_give_no_rows_and_say_so(parameters: Parameters) -> None:
    table = read_accounts(pd.DataFrame([OPENER, account("a")]), COLUMNS)
    empty = outcome_panel(table, np.full(2, NO_DATE), NO_DATE, parameters, AS_OF)
    assert len(empty) == 0
    assert empty.sentence.startswith("No month end lies between")
    assert "0 accounts reached their first qualified opportunity" in too_few(empty, parameters)


def test_too_few_companies_are_refused_however_many_accounts(parameters: Parameters) -> None:
    rows = [
        account(f"a{n:02d}", ultimate_parent_account_id="group", first_sqo_date=dt.date(2026, 1, 31)) for n in range(30)
    ]
    found = panel(parameters, *rows)
    assert found.positive_accounts == 30
    assert "1 groups of companies" in too_few(found, parameters)
    few = dataclasses.replace(parameters, outcome_min_accounts=31)
    assert "30 accounts reached" in too_few(found, few)
