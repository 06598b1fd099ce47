"""Campaign e-mails and what became of them, and who came to the vendor's events."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo import identifiers, tables
from demo.companies import Companies
from demo.people import CrmContacts, People
from demo.world import DAY, HISTORY_DAYS, Chunk, choose, repeat_positions

CAMPAIGNS = 12
MAILS_PER_CONTACT = 1.8
_SCANNER_SHARE = 0.02  # deliveries whose links a scanner follows within a second
_EVENTS = (("Access Governance Day 2025", 330), ("Webinar: audit trails in one hour", 190), ("監査対応ウェビナー 2026", 100),
           ("Access Governance Day 2026", 45))  # fmt: skip
_EVENT_SHARE = 0.035  # of people who hear of an event


def make_email_events(chunk: Chunk, companies: Companies, people: People, contacts: CrmContacts) -> pa.Table:
    """Sent, delivered, opened, clicked, bounced and unsubscribed, for each campaign and contact."""
    world, rng = chunk.world, chunk.stream("email_events")
    addressable = np.flatnonzero(people.has_email & people.in_crm)
    person = addressable[repeat_positions(rng.poisson(MAILS_PER_CONTACT, len(addressable)))]
    count = len(person)
    campaign = rng.integers(0, CAMPAIGNS, count)
    day = world.first_day + 20 + campaign * ((HISTORY_DAYS - 40) // CAMPAIGNS)
    sent = day * DAY + 28_800 + rng.integers(0, 1_800, count)
    record = contacts.of_person[person]
    exists = contacts.created[np.maximum(record, 0)] < sent
    person, campaign, sent = person[exists], campaign[exists], sent[exists]
    count = len(person)
    engagement = companies.latent_engagement[people.company[person]]
    bounced = rng.random(count) < 0.03
    delivered_at = sent + 2 + rng.integers(0, 240, count)
    opened = ~bounced & (rng.random(count) < 1.0 / (1.0 + np.exp(0.2 - 0.3 * engagement)))
    opened_at = delivered_at + 30 + rng.exponential(6 * 3_600, count).astype(np.int64)
    clicked = opened & (rng.random(count) < 1.0 / (1.0 + np.exp(2.0 - 0.6 * engagement)))
    clicked_at = opened_at + 5 + rng.exponential(120, count).astype(np.int64)
    scanned = ~bounced & (rng.random(count) < _SCANNER_SHARE)
    left = ~bounced & (rng.random(count) < 0.004)
    steps = (
        ("sent", np.ones(count, dtype=bool), sent),
        ("delivered", ~bounced, delivered_at),
        ("bounce", bounced, delivered_at),
        ("open", opened, opened_at),
        ("click", clicked, clicked_at),
        ("click", scanned, delivered_at + 1),
        ("unsubscribe", left, opened_at + 60),
    )
    who = np.concatenate([person[given] for _, given, _ in steps])
    at = np.concatenate([moment[given] for _, given, moment in steps])
    which = np.concatenate([campaign[given] for _, given, _ in steps])
    event = np.repeat(np.arange(len(steps)), [int(given.sum()) for _, given, _ in steps])
    kept = at <= world.end_second
    who, at, which, event = who[kept], at[kept], which[kept], event[kept]
    rows = tables.table(
        "map/email_events",
        {
            "event_id": identifiers.hex_ids(rng, len(who), 16, "m"),
            "occurred_at": tables.times(at),
            "email": tables.pick(people.emails, who),
            "campaign": tables.pick([f"newsletter {number:02d}" for number in range(1, CAMPAIGNS + 1)], which),
            "event": tables.pick([step[0] for step in steps], event),
            "loaded_at": tables.times(world.next_night(rng, at)),
        },
    )
    return tables.shuffled(rows, rng)


def make_attendance(chunk: Chunk, companies: Companies, people: People) -> pa.Table:
    """Registrations and what came of them; some attendees left a company name and no address."""
    world, rng = chunk.world, chunk.stream("attendance")
    engagement = companies.latent_engagement[people.company]
    parts = []
    for name, days_before in _EVENTS:
        chance = (
            _EVENT_SHARE * np.exp(0.5 * engagement - 0.12) * (people.is_japanese if "ウェビナー" in name else 1.0) * 0.5
        )
        person = np.flatnonzero(rng.random(len(people)) < chance)
        event_day = world.last_day - days_before
        is_japanese = people.is_japanese[person]
        registered_at = world.moments(rng, event_day - rng.integers(3, 35, len(person)), is_japanese)
        came = choose(rng, (0.62, 0.38), len(person))
        came_at = world.moments(rng, np.full(len(person), event_day), is_japanese)
        no_address = rng.random(len(person)) < 0.12
        for at, status in (
            (registered_at, tables.pick(("registered",), np.zeros(len(person), dtype=np.int64))),
            (came_at, tables.pick(("attended", "no_show"), came)),
        ):
            parts.append(
                tables.table(
                    "events/attendance",
                    {
                        "event_id": identifiers.hex_ids(rng, len(person), 16, "e"),
                        "occurred_at": tables.times(at),
                        "event_name": pa.array([name] * len(person), pa.string()),
                        "email": tables.pick(people.emails, person, ~no_address),
                        "company_name": tables.pick([n.official for n in companies.names], people.company[person]),
                        "status": status,
                        "loaded_at": tables.times(world.next_night(rng, at)),
                    },
                )
            )
    return tables.shuffled(tables.concat(parts), rng)
