"""Research away from the vendor's site: events per visitor and topic with planted surges, and a vendor's weekly scores."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo import identifiers, tables
from demo.companies import Companies
from demo.outcomes import NEVER, Outcomes
from demo.web import BOTS, BROWSERS
from demo.world import HISTORY_DAYS, Chunk, Ints, choose, repeat_positions

TOPICS = ("identity governance", "audit log management", "privileged access", "soc 2 compliance", "siem",
          "single sign-on", "zero trust", "data loss prevention", "endpoint security", "cloud migration",
          "business intelligence", "payroll software")  # fmt: skip
CORE_TOPICS = 5  # the first of them: what a surge is about
_TOPIC_SHARES = (0.07, 0.07, 0.07, 0.09, 0.09, 0.10, 0.10, 0.09, 0.09, 0.09, 0.08, 0.06)
_SURGE_TOPIC_SHARES = (0.22, 0.2, 0.16, 0.17, 0.12, 0.07, 0.06, 0.0, 0.0, 0.0, 0.0, 0.0)
_SOURCES = ("publisher network", "review site", "search partner")
KNOWN_DOMAIN_SHARE = 0.78
SURGE_EVENTS = 18  # on average, over 30 to 60 days; from faint to loud
SURGE_VISITORS = 7
_USUAL_EVENTS = 17.0  # on average, over 18 months
_BURST_SHARE = 0.05  # companies where one visitor reads a dozen pages in a day: noise that must not count
_BOT_SHARE = 0.02
VENDOR_SHARE = 0.26  # companies that the vendor covers
_VENDOR_TOPIC_SHARE = 0.062  # of the topics, each week


def make_topic_events(chunk: Chunk, companies: Companies, outcomes: Outcomes) -> pa.Table:
    """Research events of one chunk: everyday reading, bursts of single visitors, crawlers, and the planted surges."""
    world, rng, count = chunk.world, chunk.stream("topic_events"), len(companies)
    rate = _USUAL_EVENTS * np.exp(0.45 * rng.normal(0, 1, count) + 0.3 * (np.log10(companies.employees) - 2.45))
    usual = repeat_positions(rng.poisson(rate))
    loudness = SURGE_EVENTS * np.exp(0.7 * rng.normal(0, 1, count) - 0.25)
    surge = repeat_positions(rng.poisson(np.where(outcomes.surge_start_day == NEVER, 0, loudness)))
    burst_company = np.flatnonzero(rng.random(count) < _BURST_SHARE)
    burst = np.repeat(burst_company, 14)
    burst_day = np.repeat(rng.integers(world.first_day, world.last_day, len(burst_company)), 14)
    burst_topic = np.repeat(rng.integers(0, len(TOPICS), len(burst_company)), 14)

    low = np.concatenate([np.full(len(usual), world.first_day), outcomes.surge_start_day[surge], burst_day])
    high = np.concatenate([np.full(len(usual), world.last_day), outcomes.surge_end_day[surge], burst_day])
    company = np.concatenate([usual, surge, burst])
    is_japanese = companies.is_japanese[company]
    day = world.days_between(rng, low, high, is_japanese)
    topic = np.concatenate(
        [choose(rng, _TOPIC_SHARES, len(usual)), choose(rng, _SURGE_TOPIC_SHARES, len(surge)), burst_topic]
    )
    total = len(company)
    is_burst = np.arange(total) >= len(usual) + len(surge)
    is_surge = (np.arange(total) >= len(usual)) & ~is_burst
    # Everyday readers are few; a surge brings more people than usual.
    readers = np.where(is_surge, SURGE_VISITORS, 3 + (np.log10(companies.employees[company]) > 3) * 3)
    reader = np.where(is_burst, 63, (rng.random(total) * readers).astype(np.int64))
    visitor_ids = identifiers.hex_ids(chunk.stream("readers"), count * 64, 12)
    networks = identifiers.hex_ids(chunk.stream("networks"), count * 4, 10, "n")
    bot_ids = identifiers.hex_ids(chunk.stream("research_bots"), 8, 12)
    is_bot = (rng.random(total) < _BOT_SHARE) & ~is_surge
    visitor = np.where(is_bot, bot_ids[rng.integers(0, 8, total)], visitor_ids[company * 64 + reader])
    agent = np.where(is_bot, len(BROWSERS) + rng.integers(0, len(BOTS), total), (company + reader) % len(BROWSERS))
    has_domain = companies.has_domain[company]
    at = world.moments(rng, day, is_japanese)
    rows = tables.table(
        "intent/topic_events",
        {
            "event_id": identifiers.hex_ids(rng, total, 16, "i"),
            "occurred_at": tables.times(at),
            "topic": tables.pick(TOPICS, topic),
            "visitor_id": tables.pick(visitor, np.arange(total), rng.random(total) < 0.96),
            "domain": tables.pick(companies.domains, company, has_domain & (rng.random(total) < KNOWN_DOMAIN_SHARE)),
            "ip_hash": networks[company * 4 + reader % 4],
            "user_agent": tables.pick((*BROWSERS, *BOTS), agent),
            "source": tables.pick(_SOURCES, rng.integers(0, len(_SOURCES), total)),
            "loaded_at": tables.times(world.next_night(rng, at)),
        },
    )
    return tables.shuffled(rows, rng)


def make_vendor_surge(chunk: Chunk, companies: Companies, outcomes: Outcomes) -> pa.Table:
    """Weekly topic scores of one vendor for the companies that it covers: 50 is usual, a surge reads 60 and more."""
    world, rng = chunk.world, chunk.stream("vendor_surge")
    has_domain = companies.has_domain & ~companies.on_shared_host
    covered = np.flatnonzero((rng.random(len(companies)) < VENDOR_SHARE) & has_domain)
    monday = world.last_day - (world.last_day + 3) % 7
    weeks = np.arange(monday - HISTORY_DAYS // 7 * 7 + 7, monday - 6, 7)
    grid_company = np.repeat(covered, len(weeks) * len(TOPICS))
    grid_week = np.tile(np.repeat(weeks, len(TOPICS)), len(covered))
    grid_topic = np.tile(np.arange(len(TOPICS)), len(covered) * len(weeks))
    in_surge = _in_surge(outcomes, grid_company, grid_week) & (grid_topic < CORE_TOPICS + 2)
    kept = rng.random(len(grid_company)) < np.where(in_surge, 0.7, _VENDOR_TOPIC_SHARE)
    company, week, topic, surges = grid_company[kept], grid_week[kept], grid_topic[kept], in_surge[kept]
    score = np.clip(rng.normal(49.5, 7.0, len(company)) + np.where(surges, 21, 0), 5, 100).astype(np.int64)
    rows = tables.table(
        "intent/vendor_surge",
        {
            "domain": tables.pick(companies.domains, company),
            "topic": tables.pick(TOPICS, topic),
            "week_start": tables.dates(week),
            "surge_score": score,
            "vendor": ["vendor-sample"] * len(company),
            "loaded_at": tables.times((week + 7) * 86_400 + 18_000),
        },
    )
    return tables.shuffled(rows, rng)


def _in_surge(outcomes: Outcomes, company: Ints, week: Ints) -> np.ndarray:
    start, end = outcomes.surge_start_day[company], outcomes.surge_end_day[company]
    return np.asarray((start != NEVER) & (week + 6 >= start) & (week <= end))
