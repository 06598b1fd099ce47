"""Training fit: labels, leak guard, nested cross-validation of every rung, calibration, on about sixty columns."""

from __future__ import annotations

import math
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd

from orchestration.resources import RULES_FOLDER
from scoring.fit_training import train
from scoring.parameters import read_parameters
from tests.bench.measure import measure, print_table

SIZES = (1_000, 10_000, 100_000)
AS_OF = date(2026, 10, 31)
TECHNOLOGIES = 30


def make_accounts(rows: int) -> pd.DataFrame:
    """Invented worked accounts whose odds of a win rise with size, industry and some technologies."""
    rng = np.random.default_rng(1)
    uses = rng.random((rows, TECHNOLOGIES)) < 0.15
    names = np.array([f"Tool {at:02d}" for at in range(TECHNOLOGIES)])
    employees = np.maximum(np.exp(rng.normal(5.5, 1.6, rows)).round(), 1)
    industries = ("financial services", "manufacturing", "retail & consumer", "healthcare", "software & internet")
    industry = rng.choice(industries, rows)
    z = -2 + 0.4 * (np.log(employees) - 5.5) + 0.8 * (industry == industries[0]) + uses[:, :5] @ np.full(5, 0.4)
    won = rng.random(rows) < 1 / (1 + np.exp(-z))
    worked = pd.Series(pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 450, rows), unit="D"))
    return pd.DataFrame(
        {
            "account_id": [f"acc_{at:08d}" for at in range(rows)],
            "ultimate_parent_account_id": [f"acc_{at - at % 3:08d}" for at in range(rows)],
            "country_code": rng.choice(["JP", "US", "DE", "IE", "FR"], rows),
            "industry_group": industry,
            "technologies": ["|".join(names[row]) for row in uses],
            "technology_count": uses.sum(axis=1),
            "employees_count": np.where(rng.random(rows) < 0.8, employees, np.nan),
            "revenue_usd": np.where(rng.random(rows) < 0.5, employees * rng.uniform(5e4, 3e5, rows), np.nan),
            "founded_year": rng.integers(1900, 2020, rows),
            "is_customer": won,
            "first_worked_date": worked,
            "first_sqo_date": worked.where(won) + pd.Timedelta(days=30),
            "first_won_date": worked.where(won) + pd.to_timedelta(rng.integers(20, 179, rows), unit="D"),
        }
    )


def make_and_train(rows: int) -> None:
    """Make the input and train on it."""
    rules = {
        name: pd.read_csv(RULES_FOLDER / f"{name}.csv", keep_default_na=False, na_values=[""])
        for name in ("icp_criteria", "fit_features", "leak_columns", "scoring_parameters")
    }
    parameters = read_parameters(rules.pop("scoring_parameters"))
    found = train(make_accounts(rows), **rules, parameters=parameters, as_of=AS_OF)
    print(f"{rows:,}: {len(found.examples.design) if found.examples else 0} columns; {found.verdict}")  # noqa: T201


def make(rows: int) -> None:
    """Make the input only: its share of the time is taken off."""
    make_accounts(rows)


def main() -> None:
    """Print the table."""
    rows: list[tuple[object, ...]] = []
    seconds = []
    for size in SIZES:
        both, input_only = measure(make_and_train, size, repeat=1), measure(make, size, repeat=1)
        seconds.append(both.seconds - input_only.seconds)
        rows.append((f"{size:,}", f"{seconds[-1]:.1f} s", f"{both.peak_mb:,.0f} MB"))
    print_table("Training fit", ("worked accounts", "time", "peak memory"), rows)
    for (small, large), (before, after) in zip(pairwise(SIZES), pairwise(seconds), strict=True):
        print(f"\ntime grows as n^{math.log(after / before) / math.log(large / small):.2f} from {small:,} to {large:,}")  # noqa: T201


if __name__ == "__main__":
    main()
