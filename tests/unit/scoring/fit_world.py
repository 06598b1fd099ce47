"""Invented companies with a known chance of a win: a sweet spot of size, an interaction, a good and a wrong expert."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

AS_OF = dt.date(2026, 6, 30)
HORIZON_DAYS = 180
LEVEL = -1.60  # of the log-odds: 27% of the companies win
INDUSTRIES = {
    "financial services": (0.16, 0.55),
    "software & internet": (0.20, 0.35),
    "healthcare": (0.10, 0.30),
    "manufacturing": (0.24, 0.0),
    "retail & consumer": (0.18, -0.75),
    "construction & property": (0.12, -0.45),
}
REGULATED = ("financial services", "healthcare")
TECHNOLOGIES = {"Some SSO": (0.35, 0.50), "Some SIEM": (0.25, 0.55), "Some ERP": (0.40, 0.20)}
# The good expert knows the directions and rough sizes, not the interaction; the wrong one believes the opposite of most of it.
GOOD_POINTS = {
    "small": -12, "middle": 5, "sweet": 8, "large": 2, "giant": -12,
    "financial services": 10, "software & internet": 5, "healthcare": 7, "retail & consumer": -9, "construction & property": -7,
    "sso": 10, "siem": 8, "erp": 3,
}  # fmt: skip
WRONG_POINTS = {
    "small": 6, "middle": 0, "sweet": -6, "large": 3, "giant": 9,
    "financial services": -6, "software & internet": 7, "healthcare": -5, "retail & consumer": 6, "construction & property": 2,
    "sso": -5, "siem": 8, "erp": 9,
}  # fmt: skip
BANDS = {"small": (None, 50), "middle": (50, 200), "sweet": (200, 2000), "large": (2000, 10000), "giant": (10000, None)}


@dataclass(frozen=True)
class FitWorld:
    """Rows of fit_training_accounts, and the true log-odds of a win of each."""

    accounts: pd.DataFrame
    log_odds: npt.NDArray[np.float64]

    @property
    def is_won(self) -> npt.NDArray[np.bool_]:
        """Who wins within the horizon."""
        return self.accounts["first_won_date"].notna().to_numpy()


def simulate(seed: int, size: int, *, signal: float = 1.0) -> FitWorld:
    """`size` companies worked in the two and a half years before the horizon began; `signal` 0 makes the outcome a coin.

    Size is log-normal; the chance peaks at 800 employees. Single sign-on in a regulated industry is worth 0.9 more than both.
    A tenth shares its ultimate parent with another. Providers miss a tenth of the sizes and half of the revenues.
    """
    rng = np.random.default_rng(seed)
    employees = np.round(np.exp(rng.normal(np.log(500), 1.6, size)) + 1)
    industry = rng.choice(list(INDUSTRIES), size, p=[share for share, _ in INDUSTRIES.values()])
    uses = {name: rng.random(size) < share for name, (share, _) in TECHNOLOGIES.items()}
    log_odds = 0.75 - 0.42 * ((np.log(employees) - np.log(800)) / 1.3) ** 2
    log_odds = np.maximum(log_odds, -2.0)
    log_odds += np.array([INDUSTRIES[name][1] for name in industry])
    for name, (_, effect) in TECHNOLOGIES.items():
        log_odds += effect * uses[name]
    log_odds += 0.9 * (uses["Some SSO"] & np.isin(industry, REGULATED))
    log_odds = LEVEL + signal * (1.12 * log_odds - 0.30) + (1 - signal) * 0.5
    is_won = rng.random(size) < expit(log_odds)

    worked = np.datetime64(AS_OF) - rng.integers(HORIZON_DAYS + 1, HORIZON_DAYS + 900, size)
    lag = np.minimum(np.round(np.exp(rng.normal(np.log(80), 0.5, size))), HORIZON_DAYS).astype(np.int64)
    never = np.datetime64("NaT")
    names = np.array([f"acc_{n:07d}" for n in range(size)])
    # Other names in another order than that of the rows, so that nothing hangs on it.
    names = names[rng.permutation(size)]
    parent = np.where(rng.random(size) < 0.1, names[rng.integers(0, size, size)], names)
    technologies = [
        "|".join(parts) if (parts := [name for name in TECHNOLOGIES if uses[name][at]]) else None for at in range(size)
    ]
    accounts = pd.DataFrame(
        {
            "account_id": names,
            "ultimate_parent_account_id": parent,
            "first_worked_date": worked,
            "first_won_date": np.where(is_won, worked + lag, never),
            "first_sqo_date": np.where(is_won, worked + lag // 2, never),
            "is_customer": is_won,
            "employees_count": np.where(rng.random(size) < 0.9, employees, np.nan),
            "revenue_usd": np.where(rng.random(size) < 0.5, employees * np.exp(rng.normal(12, 0.7, size)), np.nan),
            "industry_group": industry,
            "country_code": rng.choice(["JP", "US", "DE"], size, p=[0.6, 0.3, 0.1]),
            "technologies": technologies,
            "technology_count": np.sum(list(uses.values()), axis=0),
            "founded_year": rng.integers(1950, 2020, size).astype(np.float64),
        }
    )
    return FitWorld(accounts, log_odds)


def profile(points: dict[str, int]) -> pd.DataFrame:
    """Rows of icp_criteria that say what an expert believes."""
    rows: list[tuple[str, str, str, float | None, float | None, str | None, int]] = [
        ("company size", "employees_count", "between", low, high, None, points[name])
        for name, (low, high) in BANDS.items()
    ]
    rows += [
        ("industry", "industry_group", "in", None, None, name, points[name]) for name in INDUSTRIES if name in points
    ]
    rows += [
        (key, "technologies", "has_technology", None, None, f"Some {key}", points[key])
        for key in ("sso", "siem", "erp")
    ]
    columns = ["criterion", "attribute", "operator", "value_min", "value_max", "value_text", "points"]
    return pd.DataFrame(rows, columns=columns).assign(label_en="x", label_ja="x")
