"""Advertising by audience, and the two programmes whose effect somebody will want to know."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo import tables
from demo.companies import Companies
from demo.outcomes import HOLDOUT_DAYS_BEFORE_END, Outcomes
from demo.world import DAY, Bools, Chunk, repeat_positions

_PLATFORMS = ("ad-platform-sample", "ad-platform-mihon")
_CAMPAIGNS = ("brand", "retargeting", "audit trails")
ADVERTISED_SHARE = 0.20
HOLDOUT_EXPERIMENT = "abm_holdout_2026"
DINNER_EXPERIMENT = "executive_dinner_2026"
DINNER_DAYS_BEFORE_END = 200
DINNER_SHARE = 0.35  # of companies in the CRM, invited or listed as comparison


def make_ads(chunk: Chunk, companies: Companies) -> tuple[pa.Table, pa.Table]:
    """Pushed audiences, and impressions by day, campaign and domain."""
    world, rng = chunk.world, chunk.stream("ads")
    count = len(companies)
    chosen = np.flatnonzero((rng.random(count) < ADVERTISED_SHARE) & companies.in_crm & _own_domain(companies))
    pushes = repeat_positions(1 + rng.poisson(0.8, len(chosen)))
    company = chosen[pushes]
    day = world.last_day - rng.integers(5, 400, len(company))
    members = 5 + rng.integers(0, 60, len(company))
    audience = (companies.latent_engagement[company] < 0.3).astype(np.int64)
    pushed_at = day * DAY + 21_600
    matches = tables.table(
        "ads/audience_matches",
        {
            "platform": tables.pick(_PLATFORMS, rng.integers(0, 2, len(company))),
            "audience": tables.pick(("tier1", "tier2"), audience),
            "pushed_at": tables.times(pushed_at),
            "domain": tables.pick(companies.domains, company),
            "uploaded_members": members,
            "matched_members": (members * rng.uniform(0.3, 0.8, len(company))).astype(np.int64),
            "loaded_at": tables.times(world.export_night(rng, pushed_at)),
        },
    )
    shown = repeat_positions(rng.poisson(14.0, len(company)))
    low = day[shown] + 1
    shown_day = np.minimum(low + rng.integers(0, 90, len(shown)), world.last_day)
    impressions = 1 + rng.poisson(8.0, len(shown))
    rows = {
        "date": shown_day,
        "platform": rng.integers(0, 2, len(shown)),
        "campaign": rng.integers(0, 3, len(shown)),
        "domain": company[shown],
    }
    # One row per day, platform, campaign and domain.
    key = ((rows["date"] * 2 + rows["platform"]) * 3 + rows["campaign"]) * 4_096 + rows["domain"]
    _, once = np.unique(key, return_index=True)
    spend = np.round(impressions * rng.uniform(0.008, 0.03, len(shown)), 2)
    table = tables.table(
        "ads/impressions",
        {
            "date": tables.dates(rows["date"][once]),
            "platform": tables.pick(_PLATFORMS, rows["platform"][once]),
            "campaign": tables.pick(_CAMPAIGNS, rows["campaign"][once]),
            "domain": tables.pick(companies.domains, rows["domain"][once]),
            "impressions": impressions[once],
            "clicks": rng.binomial(impressions, 0.01)[once],
            "spend_usd": [f"{value:.2f}" for value in spend[once]],
            "loaded_at": tables.times(world.export_night(rng, rows["date"][once] * DAY)),
        },
    )
    return matches, tables.shuffled(table, rng)


def dinner_arms(chunk: Chunk, companies: Companies) -> np.ndarray:
    """-1 outside, 0 compared, 1 invited: chosen for their engagement, which wins by itself; the dinner adds nothing."""
    rng = chunk.stream("dinner")
    count = len(companies)
    listed = (rng.random(count) < DINNER_SHARE) & companies.in_crm & _own_domain(companies)
    invited = rng.random(count) < 1.0 / (1.0 + np.exp(0.4 - 1.6 * companies.latent_engagement))
    return np.where(listed, invited.astype(np.int64), -1)


def make_assignments(chunk: Chunk, companies: Companies, outcomes: Outcomes) -> pa.Table:
    """Which domain was in which arm of the randomised holdout and of the dinner that sales chose guests for."""
    world = chunk.world
    parts = []
    for experiment, arms, days_before in (
        (HOLDOUT_EXPERIMENT, outcomes.holdout_arm, HOLDOUT_DAYS_BEFORE_END),
        (DINNER_EXPERIMENT, dinner_arms(chunk, companies), DINNER_DAYS_BEFORE_END),
    ):
        units = np.flatnonzero(arms >= 0)
        assigned_at = np.full(len(units), (world.last_day - days_before) * DAY, dtype=np.int64)
        parts.append(
            tables.table(
                "experiments/assignments",
                {
                    "experiment": pa.array([experiment] * len(units), pa.string()),
                    "unit_domain": tables.pick(companies.domains, units),
                    "arm": tables.pick(("control", "treatment"), arms[units]),
                    "assigned_at": tables.times(assigned_at),
                    "loaded_at": tables.times(assigned_at + 3_600),
                },
            )
        )
    return tables.concat(parts)


def _own_domain(companies: Companies) -> Bools:
    return companies.has_domain & ~companies.on_shared_host
