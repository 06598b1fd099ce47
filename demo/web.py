"""Visits to the vendor's own site: sessions of people, of unknown visitors and of crawlers, and the forms they fill in."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo import identifiers, tables
from demo.companies import Companies
from demo.outcomes import NEVER, Outcomes
from demo.people import People
from demo.sectors import COUNTRIES
from demo.world import HISTORY_DAYS, Bools, Chunk, Ints, choose, repeat_positions

_CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
_APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6"
BROWSERS = (
    _CHROME,
    f"{_CHROME} Edg/140.0.0.0",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_APPLE} Safari/605.1.15",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_APPLE} Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
)
BOTS = (
    "SampleCrawler/1.2 (+https://crawler.example/bot)",
    "Mozilla/5.0 (compatible; MihonBot/2.0; +http://bot.test/info)",
    "python-requests/2.32.5",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36",
    "curl/8.14.1",
)
PATHS = ("/", "/product", "/customers", "/blog/access-reviews", "/blog/release-notes", "/pricing", "/security",
         "/docs/getting-started", "/docs/admin/permissions", "/help/audit-trail", "/careers")  # fmt: skip
_PATH_SHARES = (0.24, 0.16, 0.07, 0.11, 0.08, 0.06, 0.05, 0.08, 0.04, 0.05, 0.06)
_BUYER_PATH_SHARES = (0.12, 0.16, 0.09, 0.08, 0.03, 0.19, 0.11, 0.07, 0.08, 0.07, 0.00)
_REFERRERS = ("https://search.example/", "https://news.example/", "https://partner.test/")
_ASSETS = ("newsletter", "whitepaper: access reviews in practice", "資料請求", "webinar: audit trails", "demo request",
           "デモのお申し込み", "RFP template", "security answers")  # fmt: skip
_ASSET_SHARES = (0.18, 0.26, 0.12, 0.22, 0.09, 0.05, 0.04, 0.04)
_ASSET_SHARES_BUYER = (0.04, 0.14, 0.08, 0.18, 0.20, 0.10, 0.14, 0.12)
PERSON_SHARE = 0.42  # of sessions, by somebody known by name somewhere
KNOWN_DOMAIN_SHARE = 0.48  # of sessions, with the network's domain resolved
BOT_SHARE = 0.03


def make_page_views(chunk: Chunk, companies: Companies, outcomes: Outcomes, people: People) -> pa.Table:
    """Page views of one chunk's companies, of visitors who belong to nobody, and of crawlers."""
    world, rng = chunk.world, chunk.stream("page_views")
    company, day, is_buying = _sessions(chunk, companies, outcomes, rng)
    count = len(company)
    is_bot = rng.random(count) < BOT_SHARE
    is_person = (rng.random(count) < PERSON_SHARE) & ~is_bot
    person = people.someone_at(rng, company)
    is_person &= person >= 0
    # An unknown visitor is one of a few devices of the company: the larger the company, the more of them.
    devices = 2 + (np.log10(companies.employees[company]) * 2).astype(np.int64)
    device = company * 64 + (rng.random(count) * devices).astype(np.int64)
    device_ids = identifiers.hex_ids(chunk.stream("devices"), len(companies) * 64, 14, "a")
    bot_ids = identifiers.hex_ids(chunk.stream("bots"), 8, 14, "b")
    visitor = np.where(is_person, people.visitor_ids[np.maximum(person, 0)], device_ids[device])
    visitor = np.where(is_bot, bot_ids[rng.integers(0, 8, count)], visitor)
    # Crawlers look like anybody: some come from networks that resolve to a company.
    shows_domain = (rng.random(count) < KNOWN_DOMAIN_SHARE) & companies.has_domain[company]
    shows_email = is_person & people.has_email[np.maximum(person, 0)] & (rng.random(count) < 0.62)
    agent = np.where(is_bot, len(BROWSERS) + rng.integers(0, len(BOTS), count), rng.integers(0, len(BROWSERS), count))
    started = world.moments(rng, day, companies.is_japanese[company])

    pages = 1 + np.minimum(rng.geometric(0.42, count) - 1, 12) + is_bot * rng.integers(0, 8, count)
    session = repeat_positions(pages)
    step = np.arange(len(session)) - np.repeat(np.cumsum(pages) - pages, pages)
    at = started[session] + step * 40 + rng.integers(0, 35, len(session))
    path = np.where(
        is_buying[session], choose(rng, _BUYER_PATH_SHARES, len(session)), choose(rng, _PATH_SHARES, len(session))
    )
    referrer = rng.integers(0, len(_REFERRERS), len(session))
    rows = tables.table(
        "web/page_views",
        {
            "event_id": identifiers.hex_ids(rng, len(session), 16, "w"),
            "occurred_at": tables.times(at),
            "visitor_id": visitor[session],
            "path": tables.pick(PATHS, path),
            "email": tables.pick(people.emails, np.maximum(person, 0)[session], shows_email[session]),
            "domain": tables.pick(companies.domains, company[session], shows_domain[session]),
            "referrer": tables.pick(_REFERRERS, referrer, (step == 0) & (rng.random(len(session)) < 0.5)),
            "user_agent": tables.pick((*BROWSERS, *BOTS), agent[session]),
            "duration_seconds": np.where(is_bot[session], 0, rng.exponential(35, len(session)).astype(np.int64) + 2),
            "loaded_at": tables.times(world.next_night(rng, at)),
        },
    )
    return tables.shuffled(rows, rng)


def _sessions(
    chunk: Chunk, companies: Companies, outcomes: Outcomes, rng: np.random.Generator
) -> tuple[Ints, Ints, Bools]:
    """Company and day of each session, and whether the visitor looks at what buyers look at."""
    world, count = chunk.world, len(companies)
    mean = np.exp(1.5 + 0.75 * companies.latent_engagement + 0.15 * (np.log10(companies.employees) - 2.45))
    usual = rng.poisson(mean)
    company = [repeat_positions(usual)]
    low = [np.full(len(company[0]), world.first_day)]
    high = [np.full(len(company[0]), world.last_day)]
    # Engaged accounts read what buyers read even before sales has noticed them.
    keen = 1.0 / (1.0 + np.exp(2.0 - 1.0 * companies.latent_engagement))
    is_buying = [rng.random(len(company[0])) < keen[company[0]]]
    # Companies on their way to a deal come back around its beginning, winners more often.
    around = np.where(outcomes.has_opportunity, np.where(outcomes.will_win, 11, 6), 0)
    extra = repeat_positions(rng.poisson(around))
    company.append(extra)
    low.append(outcomes.first_touch_day[extra] - 15)
    high.append(outcomes.first_touch_day[extra] + 45)
    is_buying.append(rng.random(len(extra)) < 0.7)
    # Whoever researches the subject elsewhere also comes by.
    surging = repeat_positions(rng.poisson(np.where(outcomes.surge_start_day == NEVER, 0, 5)))
    company.append(surging)
    low.append(outcomes.surge_start_day[surging])
    high.append(outcomes.surge_end_day[surging])
    is_buying.append(rng.random(len(surging)) < 0.5)

    companies_all, low_all, high_all = np.concatenate(company), np.concatenate(low), np.concatenate(high)
    low_all = np.maximum(low_all, world.first_day)
    kept = (low_all <= world.last_day) & (high_all >= world.first_day)
    companies_all, low_all, high_all = companies_all[kept], low_all[kept], np.minimum(high_all[kept], world.last_day)
    day = world.days_between(rng, low_all, high_all, companies.is_japanese[companies_all])
    assert count == 0 or day.min() >= world.last_day - HISTORY_DAYS
    return companies_all, day, np.concatenate(is_buying)[kept]


def make_form_fills(chunk: Chunk, companies: Companies, outcomes: Outcomes, people: People) -> pa.Table:
    """Forms of one chunk; a company that turned to sales by itself asked for a demo first."""
    world, rng = chunk.world, chunk.stream("form_fills")
    usual = repeat_positions(rng.poisson(0.38 * np.exp(0.5 * companies.latent_engagement)))
    usual_day = world.days_between(
        rng, np.full(len(usual), world.first_day), np.full(len(usual), world.last_day), companies.is_japanese[usual]
    )
    buying = repeat_positions(
        rng.poisson(np.where(outcomes.will_win, 0.5, np.where(outcomes.has_opportunity, 0.25, 0)))
    )
    buying_day = outcomes.first_touch_day[buying] + rng.integers(-20, 40, len(buying))
    asking = np.flatnonzero(outcomes.is_inbound)
    asking_day = outcomes.first_touch_day[asking] - rng.integers(0, 4, len(asking))
    company = np.concatenate([usual, buying, asking])
    day = np.concatenate([usual_day, buying_day, asking_day])
    asset = np.concatenate(
        [
            choose(rng, _ASSET_SHARES, len(usual)),
            choose(rng, _ASSET_SHARES_BUYER, len(buying)),
            np.where(companies.is_japanese[asking], _ASSETS.index("デモのお申し込み"), _ASSETS.index("demo request")),
        ]
    )
    person = people.someone_at(rng, company)
    kept = (day >= world.first_day) & (day <= world.last_day) & (person >= 0) & people.has_email[np.maximum(person, 0)]
    company, day, asset, person = company[kept], day[kept], asset[kept], person[kept]
    count = len(company)
    at = world.moments(rng, day, companies.is_japanese[company])
    names = [name.official if rng.random() < 0.5 else name.written for name in companies.names]
    codes = [country.code for country in COUNTRIES]
    rows = tables.table(
        "map/form_fills",
        {
            "event_id": identifiers.hex_ids(rng, count, 16, "f"),
            "occurred_at": tables.times(at),
            "email": tables.pick(people.emails, person),
            "asset": tables.pick(_ASSETS, asset),
            "company_name": tables.pick(names, company, rng.random(count) < 0.9),
            "job_title": tables.pick(people.titles, person, rng.random(count) < 0.8),
            "country": tables.pick(codes, companies.country[company], rng.random(count) < 0.7),
            "loaded_at": tables.times(world.next_night(rng, at)),
        },
    )
    return tables.shuffled(rows, rng)
