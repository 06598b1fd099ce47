"""Use of the vendor's product: workspaces of customers and of people who try it, their events, and support tickets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo import identifiers, tables
from demo.companies import Companies
from demo.outcomes import NEVER, Outcomes
from demo.people import People
from demo.world import DAY, Bools, Chunk, Ints, choose, repeat_positions

_PLANS = ("free", "trial", "team", "business", "enterprise")
_EVENTS = ("login", "feature_used", "export_run", "invite_sent", "audit_log_viewed", "admin_role_granted",
           "api_key_created", "sso_configured", "paid_trial_started")  # fmt: skip
_EVENT_SHARES = (0.36, 0.35, 0.07, 0.06, 0.06, 0.04, 0.025, 0.02, 0.015)
_CATEGORIES = ("how-to", "access", "billing", "bug", "sso")
TRIAL_SHARE = 0.09
CUSTOMER_WORKSPACE_SHARE = 0.85
_EVENTS_PER_CUSTOMER, _EVENTS_PER_TRIAL = 34.0, 12.0


@dataclass(frozen=True)
class Product:
    """Workspaces of a chunk with the company of each, and their events and tickets."""

    workspace_ids: np.ndarray
    company: Ints
    workspaces: pa.Table
    events: pa.Table
    tickets: pa.Table


def make_product(chunk: Chunk, companies: Companies, outcomes: Outcomes, people: People) -> Product:
    """Workspaces, their events and their tickets for one chunk."""
    world, rng, count = chunk.world, chunk.stream("product"), len(companies)
    is_customer = (outcomes.won_day != NEVER) & (outcomes.won_day <= world.last_day)
    uses = is_customer & (rng.random(count) < CUSTOMER_WORKSPACE_SHARE)
    tries = ~is_customer & (rng.random(count) < TRIAL_SHARE * np.exp(0.5 * companies.latent_engagement))
    company = np.flatnonzero(uses | tries)
    paying = is_customer[company]
    trial_day = rng.integers(world.first_day - 60, world.last_day - 2, len(company))
    paid_day = outcomes.won_day[company] - rng.integers(0, 30, len(company))
    created_day = np.where(paying, paid_day, trial_day)
    is_japanese = companies.is_japanese[company]
    created = world.moments(rng, created_day, is_japanese)
    workspace_ids = identifiers.hex_ids(rng, len(company), 12, "ws_")
    plan = np.where(paying, 2 + choose(rng, (0.35, 0.4, 0.25), len(company)), choose(rng, (0.35, 0.65), len(company)))
    has_domain = companies.has_domain[company] & (rng.random(len(company)) < 0.85)
    workspaces = tables.table(
        "product/workspaces",
        {
            "workspace_id": workspace_ids,
            "name": [_workspace_name(companies, int(c), rng) for c in company],
            "created_at": tables.times(created),
            "plan": tables.pick(_PLANS, plan),
            "domain": tables.pick([companies.domains[c] for c in company], np.arange(len(company)), has_domain),
            "loaded_at": tables.times(world.export_night(rng, created)),
        },
    )
    events = _events(chunk, rng, companies, people, company, paying, created_day, workspace_ids)
    tickets = _tickets(chunk, companies, people, company[paying], created_day[paying])
    return Product(workspace_ids, company, workspaces, events, tickets)


def _workspace_name(companies: Companies, position: int, rng: np.random.Generator) -> str:
    name = companies.names[position]
    match int(rng.integers(4)):
        case 0:
            return name.official
        case 1:
            return name.host
        case 2:
            return name.english
    return name.written


def _events(
    chunk: Chunk,
    rng: np.random.Generator,
    companies: Companies,
    people: People,
    company: Ints,
    paying: Bools,
    created_day: Ints,
    workspace_ids: np.ndarray,
) -> pa.Table:
    world = chunk.world
    first = np.maximum(created_day, world.first_day)
    share_of_history = (world.last_day - first + 1) / 549
    rate = np.where(paying, _EVENTS_PER_CUSTOMER * share_of_history + 4, _EVENTS_PER_TRIAL)
    workspace = repeat_positions(rng.poisson(rate * np.exp(0.4 * companies.latent_engagement[company])))
    owner = company[workspace]
    until = np.where(paying, world.last_day, np.minimum(created_day + 45, world.last_day))[workspace]
    is_japanese = companies.is_japanese[owner]
    day = world.days_between(rng, first[workspace], np.maximum(until, first[workspace]), is_japanese)
    at = world.moments(rng, day, is_japanese)
    person = people.someone_at(rng, owner, 2.0)
    shows_email = (person >= 0) & people.has_email[np.maximum(person, 0)] & (rng.random(len(owner)) < 0.94)
    rows = tables.table(
        "product/events",
        {
            "event_id": identifiers.hex_ids(rng, len(owner), 16, "p"),
            "occurred_at": tables.times(at),
            "workspace_id": workspace_ids[workspace],
            "user_email": tables.pick(people.emails, np.maximum(person, 0), shows_email),
            "event_name": tables.pick(_EVENTS, choose(rng, _EVENT_SHARES, len(owner))),
            "user_role": tables.pick(("admin", "member", "viewer"), choose(rng, (0.4, 0.48, 0.12), len(owner))),
            "loaded_at": tables.times(world.next_night(rng, at)),
        },
    )
    return tables.shuffled(rows, rng)


def _tickets(chunk: Chunk, companies: Companies, people: People, customers: Ints, customer_since: Ints) -> pa.Table:
    world, rng = chunk.world, chunk.stream("tickets")
    first = np.maximum(customer_since, world.first_day)
    row = repeat_positions(rng.poisson(0.4 + 3.5 * (world.last_day - first) / 549))
    company = customers[row]
    day = world.days_between(rng, first[row], np.full(len(row), world.last_day), companies.is_japanese[company])
    at = world.moments(rng, day, companies.is_japanese[company])
    closed = at + rng.exponential(2.5 * DAY, len(row)).astype(np.int64) + 900
    is_closed = closed <= world.end_second
    person = people.someone_at(rng, company)
    has_email = (person >= 0) & people.has_email[np.maximum(person, 0)]
    return tables.table(
        "support/tickets",
        {
            "ticket_id": identifiers.hex_ids(rng, len(row), 10, "tk_"),
            "created_at": tables.times(at),
            "requester_email": tables.pick(people.emails, np.maximum(person, 0), has_email),
            "category": tables.pick(_CATEGORIES, rng.integers(0, len(_CATEGORIES), len(row))),
            "priority": tables.pick(
                ("low", "normal", "high", "urgent"), choose(rng, (0.3, 0.48, 0.17, 0.05), len(row))
            ),
            "status": tables.pick(("open", "closed"), is_closed.astype(np.int64)),
            "closed_at": tables.times(closed, is_closed),
            "loaded_at": tables.times(world.next_night(rng, at)),
        },
    )
