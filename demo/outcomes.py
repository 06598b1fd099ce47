"""What the demo hides: how well each company fits, who was worked, when research surged, and what came of it.

A company is won only if somebody worked it, and who is worked depends on revenue, an old directory and inbound
interest far more than on fit: the selection that any score has to live with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.companies import Companies
from demo.sectors import ERP, INDUSTRIES, LEGACY, SIEM, SSO
from demo.world import CRM_HISTORY_DAYS, HISTORY_DAYS, Bools, Chunk, Floats, Ints

HORIZON_DAYS = 180
BASE_LOG_ODDS = -2.8
FIT_COEFFICIENTS: dict[str, float] = {
    "size band: below 50": -1.5,
    "size band: 50 to 199": -0.4,
    "size band: 200 to 999": 0.6,
    "size band: 1,000 to 9,999": 1.4,
    "size band: 10,000 and more": 0.4,
    "industry: financial services": 1.0,
    "industry: software & internet": 0.7,
    "industry: healthcare": 0.5,
    "industry: energy & utilities": 0.3,
    "industry: retail & consumer": -0.7,
    "industry: construction & property": -0.5,
    "technology: Latchkey SSO": 0.8,
    "technology: Emberlog SIEM": 0.7,
    "technology: Granary ERP": 0.2,
    "region: capital": 0.3,
    "1,000 to 9,999 employees and Emberlog SIEM": 0.5,
}
"""Log-odds that each feature adds to winning within `HORIZON_DAYS` of the first sales touch."""

ENGAGEMENT_COEFFICIENT = 0.6
SURGE_COEFFICIENT = 0.9
HOLDOUT_COEFFICIENT = 0.6  # log-odds that the randomised programme adds to accounts first worked after it began
SURGE_SHARE = 0.08
SURGE_DAYS = (30, 60)
HOLDOUT_DAYS_BEFORE_END = 270
HOLDOUT_SHARE = 0.5  # of companies in the CRM, half of them treated

NEVER = -(10**6)
"""The day of something that never happens."""


@dataclass(frozen=True)
class Outcomes:
    """Hidden state of each company; days are epoch days, `NEVER` where there is none.

    `win_probability` is the chance of a win within the horizon if the company is worked at all; `will_win` says what
    fate decided for worked companies, `won_day` when, and that day may lie behind the as-of day.
    """

    fit_log_odds: Floats
    win_probability: Floats
    is_worked: Bools
    is_inbound: Bools
    first_touch_day: Ints
    will_win: Bools
    won_day: Ints
    surge_start_day: Ints
    surge_end_day: Ints
    holdout_arm: Ints
    has_opportunity: Bools


def decide_outcomes(chunk: Chunk, companies: Companies) -> Outcomes:
    """The hidden state of each company of a chunk."""
    world, count = chunk.world, len(companies)
    rng = chunk.stream("outcomes")
    fit = fit_log_odds(companies)
    surge_start, surge_end = _plant_surges(chunk, companies, chunk.stream("surges"))
    arm = _holdout_arms(chunk, companies, chunk.stream("holdout"))
    is_worked, is_inbound, first_touch = _choose_worked(chunk, companies, rng, surge_start)

    in_surge = (surge_start <= first_touch) & (first_touch <= surge_end + 30)
    treated = (arm == 1) & (first_touch >= world.last_day - HOLDOUT_DAYS_BEFORE_END)
    log_odds = (
        BASE_LOG_ODDS
        + fit
        + ENGAGEMENT_COEFFICIENT * companies.latent_engagement
        + SURGE_COEFFICIENT * in_surge
        + HOLDOUT_COEFFICIENT * treated
    )
    probability = 1.0 / (1.0 + np.exp(-log_odds))
    will_win = is_worked & (rng.random(count) < probability)
    lag = np.clip(rng.lognormal(np.log(85), 0.5, count), 18, HORIZON_DAYS - 2).astype(np.int64)
    has_opportunity = will_win | (is_worked & (rng.random(count) < 0.30 + 0.15 * probability))
    return Outcomes(
        fit_log_odds=fit,
        win_probability=probability,
        is_worked=is_worked,
        is_inbound=is_inbound,
        first_touch_day=first_touch,
        will_win=will_win,
        won_day=np.where(will_win, first_touch + lag, NEVER),
        surge_start_day=surge_start,
        surge_end_day=surge_end,
        holdout_arm=arm,
        has_opportunity=has_opportunity,
    )


def fit_log_odds(companies: Companies) -> Floats:
    """Log-odds that a company's features add to winning: the latent fit that a fit score should find."""
    weights = FIT_COEFFICIENTS
    by_band = np.array([value for name, value in weights.items() if name.startswith("size band")])
    by_industry = np.array([weights.get(f"industry: {name}", 0.0) for name in INDUSTRIES])
    runs = companies.technologies
    return np.asarray(
        by_band[companies.size_band]
        + by_industry[companies.industry]
        + weights["technology: Latchkey SSO"] * runs[:, SSO]
        + weights["technology: Emberlog SIEM"] * runs[:, SIEM]
        + weights["technology: Granary ERP"] * runs[:, ERP]
        + weights["region: capital"] * (companies.region == 0)
        + weights["1,000 to 9,999 employees and Emberlog SIEM"] * (runs[:, SIEM] & (companies.size_band == 3)),
        dtype=np.float64,
    )


def _plant_surges(chunk: Chunk, companies: Companies, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Start and end of planted research: half of them still running on the as-of day."""
    count, last = len(companies), chunk.world.last_day
    has_surge = (rng.random(count) < SURGE_SHARE) & companies.in_crm & ~companies.on_shared_host
    has_surge &= companies.has_domain
    is_running = rng.random(count) < 0.5
    recent = last - rng.integers(12, 36, count)
    earlier = rng.integers(last - HISTORY_DAYS + 90, last - 75, count)
    start = np.where(is_running, recent, earlier)
    end = start + rng.integers(*SURGE_DAYS, count)
    return np.where(has_surge, start, NEVER), np.where(has_surge, np.minimum(end, last), NEVER)


def _holdout_arms(chunk: Chunk, companies: Companies, rng: np.random.Generator) -> Ints:
    """-1 outside the experiment, 0 control, 1 treatment; a coin for each company with a domain of its own."""
    count = len(companies)
    eligible = companies.in_crm & ~companies.on_shared_host & (rng.random(count) < HOLDOUT_SHARE)
    eligible &= companies.has_domain
    return np.where(eligible, rng.integers(0, 2, count), -1)


def _choose_worked(
    chunk: Chunk, companies: Companies, rng: np.random.Generator, surge_start: Ints
) -> tuple[Bools, Bools, Ints]:
    """Who sales worked, whether the buyer came first, and the day of the first sales touch."""
    world, count = chunk.world, len(companies)
    log_revenue = np.log10(companies.revenue_usd) - 7.7
    log_odds = -0.45 + 0.5 * log_revenue + 0.7 * companies.technologies[:, LEGACY] + 0.2 * companies.latent_engagement
    is_worked = (rng.random(count) < 1.0 / (1.0 + np.exp(-log_odds))) & companies.in_crm
    long_ago = world.days_between(
        rng,
        np.full(count, world.last_day - CRM_HISTORY_DAYS),
        np.full(count, world.first_day),
        companies.is_japanese,
    )
    lately = world.days_between(
        rng, np.full(count, world.first_day), np.full(count, world.last_day - 1), companies.is_japanese
    )
    day = np.where(rng.random(count) < 0.25, long_ago, lately)
    answers_surge = (surge_start != NEVER) & (rng.random(count) < 0.35)
    after_surge = surge_start + rng.integers(7, 35, count)
    answers_surge &= after_surge < world.last_day
    is_worked |= answers_surge
    day = np.where(answers_surge, after_surge, day)
    # A surge that still runs belongs to companies that nobody has worked yet, or there would be nothing to find.
    untouched = (surge_start > world.last_day - 40) & ~answers_surge
    is_worked &= ~(untouched & (rng.random(count) < 0.7))
    is_inbound = is_worked & (rng.random(count) < 0.2 + 0.15 * (companies.latent_engagement > 0.8))
    return is_worked, is_inbound, np.where(is_worked, day, NEVER)
