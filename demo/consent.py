"""Consent statements of each person: what for, over which channel, since when, and until when."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo import identifiers, tables
from demo.people import People
from demo.world import DAY, Chunk

# Purpose, channel, share of persons asked, share who agreed at first.
_QUESTIONS = (
    ("sales_outreach", "any", 0.42, 0.80),
    ("sales_outreach", "email", 0.34, 0.80),
    ("sales_outreach", "phone", 0.28, 0.75),
    ("email_marketing", "email", 0.48, 0.80),
    ("email_marketing", "any", 0.10, 0.75),
    ("profiling", "any", 0.68, 0.88),
    ("ad_targeting", "ads", 0.25, 0.70),
    ("ad_targeting", "any", 0.08, 0.70),
    ("in_product_messaging", "product", 0.22, 0.85),
)
_SOURCES = ("web form", "preference centre", "event", "sales", "import")
SILENT_SHARE = 0.10  # people who never made a statement
WITHDRAWN_SHARE = 0.10  # of granted statements, later
EXPIRING_SHARE = 0.25  # of granted statements, for one or two years


def make_consent(chunk: Chunk, people: People) -> pa.Table:
    """Statements of one chunk's people with a known address; a withdrawal is a statement of its own."""
    world, rng = chunk.world, chunk.stream("consent")
    speaks = people.has_email & (rng.random(len(people)) >= SILENT_SHARE)
    person_parts, question_parts = [], []
    for number, (_, _, asked, _) in enumerate(_QUESTIONS):
        persons = np.flatnonzero(speaks & (rng.random(len(people)) < asked))
        person_parts.append(persons)
        question_parts.append(np.full(len(persons), number))
    person, question = np.concatenate(person_parts), np.concatenate(question_parts)
    count = len(person)
    agrees = rng.random(count) < np.array([share for *_, share in _QUESTIONS])[question]
    day = world.last_day - rng.integers(3, 640, count)
    at = world.moments(rng, day, people.is_japanese[person])
    expires = agrees & (rng.random(count) < EXPIRING_SHARE)
    until = at + np.where(rng.random(count) < 0.4, 365, 730) * DAY
    withdrawn = np.flatnonzero(agrees & (rng.random(count) < WITHDRAWN_SHARE))
    withdrawn_at = at[withdrawn] + (rng.random(len(withdrawn)) * (world.end_second - at[withdrawn])).astype(np.int64)
    basis = np.where(rng.random(count) < 0.75, 0, 1)
    source = rng.integers(0, len(_SOURCES), count)

    who = np.concatenate([person, person[withdrawn]])
    what = np.concatenate([question, question[withdrawn]])
    status = np.concatenate([np.where(agrees, 0, 1), np.full(len(withdrawn), 2)])
    when = np.concatenate([at, withdrawn_at])
    total, is_grant = len(who), np.concatenate([agrees, np.zeros(len(withdrawn), dtype=bool)])
    padding = np.zeros(len(withdrawn), dtype=np.int64)
    rows = tables.table(
        "consent/records",
        {
            "record_id": identifiers.hex_ids(rng, total, 12, "cr_"),
            "email": tables.pick(people.emails, who),
            "purpose": tables.pick([q[0] for q in _QUESTIONS], what),
            "channel": tables.pick([q[1] for q in _QUESTIONS], what),
            "status": tables.pick(("granted", "denied", "withdrawn"), status),
            "lawful_basis": tables.pick(("consent", "legitimate_interest"), np.concatenate([basis, padding]), is_grant),
            "source": tables.pick((*_SOURCES, "unsubscribe link"), np.concatenate([source, padding + len(_SOURCES)])),
            "occurred_at": tables.times(when),
            "expires_at": tables.times(
                np.concatenate([until, padding]), np.concatenate([expires, np.zeros(len(withdrawn), dtype=bool)])
            ),
            "loaded_at": tables.times(world.export_night(rng, when)),
        },
    )
    return tables.shuffled(rows, rng)
