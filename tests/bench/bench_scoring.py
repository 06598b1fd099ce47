"""Scoring accounts with reasons: fit, intent, engagement, composite and tiers of one night."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from orchestration.resources import RULES_FOLDER
from scoring import Marts, Rules, score
from tests.bench.measure import measure, print_table

SIZES = (10_000, 100_000, 1_000_000)
ROWS_PER_ACCOUNT = 25
AS_OF = date(2026, 10, 31)


def make_marts(accounts: int) -> Marts:
    """Accounts with `ROWS_PER_ACCOUNT` sparse daily rows each, half research and half touches."""
    random = np.random.default_rng(1)
    names = pd.Categorical.from_codes(np.arange(accounts), [f"acc_{number:016x}" for number in range(accounts)])
    today = np.datetime64(AS_OF)
    some = random.random(accounts)

    def dates(share: float) -> object:
        return np.where(some < share, today - random.integers(1, 500, accounts), np.datetime64("NaT"))

    account_360 = pd.DataFrame(
        {
            "account_id": names.astype(str),
            "employees_count": np.where(some < 0.6, random.integers(1, 30_000, accounts), np.nan),
            "revenue_usd": np.where(some > 0.5, random.uniform(1e5, 5e9, accounts), np.nan),
            "industry_group": random.choice(["financial services", "manufacturing", "retail & consumer"], accounts),
            "country_code": random.choice(["JP", "US", "IE"], accounts),
            "technologies": random.choice(["Some SSO|Some ERP", "Some SIEM", ""], accounts),
            "first_worked_date": dates(0.05),
            "first_won_date": dates(0.01),
            "first_sqo_date": dates(0.02),
            "is_customer": some < 0.05,
            "has_open_opportunity": some < 0.02,
            "intent_person_count_28d": random.integers(0, 6, accounts),
            "is_intent_trackable": some < 0.8,
            "intent_tracked_days": np.full(accounts, 500),
            "profiled_contact_count": random.integers(0, 4, accounts),
            "primary_domain": np.where(some < 0.8, "x.example", None),
        }
    )
    half = accounts * ROWS_PER_ACCOUNT // 2
    day = today - random.integers(0, 400, half)
    intent_days = pd.DataFrame(
        {
            "account_id": names[random.integers(0, accounts, half)],
            "topic": pd.Categorical(random.choice(["siem", "zero trust", "cloud migration"], half)),
            "activity_date": day.astype("datetime64[s]"),
            "person_count": random.integers(1, 4, half),
        }
    ).drop_duplicates(["account_id", "topic", "activity_date"])
    touch_days = pd.DataFrame(
        {
            "account_id": names[random.integers(0, accounts, half)],
            "person_key": pd.Categorical.from_codes(random.integers(0, 4, half), ["p1", "p2", "p3", "p4"]),
            "role": pd.Categorical(["USER"] * half),
            "touch_type": pd.Categorical(random.choice(["page_view", "pricing_page", "rfp_download"], half)),
            "activity_date": day.astype("datetime64[s]"),
            "touch_count": random.integers(1, 4, half),
        }
    )
    vendor = pd.DataFrame(
        {
            "account_id": account_360["account_id"].head(1000),
            "vendor": "v",
            "topic": "siem",
            "week_start_date": today - np.timedelta64(4, "D"),
            "surge_score": random.uniform(30, 100, min(accounts, 1000)),
        }
    )
    return Marts(account_360, intent_days, vendor, touch_days)


def make(accounts: int) -> None:
    """Make the input only: its share of the time is taken off."""
    make_marts(accounts)


def make_and_score(accounts: int) -> None:
    """Make the input and score it."""
    names = (
        "icp_criteria", "intent_topics", "scoring_parameters", "exposure_calendar", "touch_types", "role_weights", "tiers",
    )  # fmt: skip
    rules = Rules(
        **{name: pd.read_csv(RULES_FOLDER / f"{name}.csv", keep_default_na=False, na_values=[""]) for name in names}
    )
    score(make_marts(accounts), rules, AS_OF)


def main() -> None:
    """Print the table."""
    rows: list[tuple[object, ...]] = []
    for accounts in SIZES:
        both, input_only = measure(make_and_score, accounts, repeat=1), measure(make, accounts, repeat=1)
        seconds = both.seconds - input_only.seconds
        rows.append(
            (f"{accounts:,}", f"{accounts * ROWS_PER_ACCOUNT:,}", f"{seconds:.1f} s", f"{seconds / accounts * 1e5:.2f} s",
             f"{both.peak_mb:,.0f} MB", f"{input_only.peak_mb:,.0f} MB")
        )  # fmt: skip
    header = ("accounts", "daily rows", "time", "per 100,000 accounts", "peak memory", "of which input")
    print_table("Scoring one night", header, rows)


if __name__ == "__main__":
    main()
