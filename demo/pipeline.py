"""What sales did: opportunities with their stage history, and the tasks of sellers and of machines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo import identifiers, tables
from demo.accounts import CrmAccounts
from demo.companies import Companies
from demo.outcomes import NEVER, Outcomes
from demo.people import CrmContacts, People
from demo.sellers import Sellers
from demo.world import DAY, Bools, Chunk, Floats, Ints, choose, repeat_positions

_STAGES = ("Prospecting", "Qualification", "Evaluation", "Proposal", "Negotiation")
_EXPANSION_SHARE = 0.15
_EXPANSION_WIN_SHARE = 0.6
_OUTBOUND_SOURCES = ("Outbound", "Referral", "Partner")
_INBOUND_SOURCES = ("Web", "Event")
_CALL_RESULTS = ("Connected", "No answer", "Left voicemail", "Wrong number")
_SUBJECTS = ("Discovery", "Follow-up", "Intro", "Check-in", "折り返し", "ご挨拶")


@dataclass(frozen=True)
class Deals:
    """Opportunities of a chunk that exist by the as-of day, one position each; days are epoch days.

    `end_day` is the day it closed, `NEVER` while it is open.
    """

    ids: np.ndarray
    company: Ints
    created: Ints
    end_day: Ints
    is_won: Bools
    amount_usd: Ints
    owners: np.ndarray
    opportunities: pa.Table
    history: pa.Table


@dataclass(frozen=True)
class _Course:
    """How one deal goes if nobody stops the clock: moments of its stages, and how it ends."""

    company: int
    stage_days: list[int]
    stages: list[str]
    amount_usd: int
    is_expansion: bool


def make_deals(
    chunk: Chunk, companies: Companies, outcomes: Outcomes, accounts: CrmAccounts, sellers: Sellers
) -> Deals:
    """The opportunities of one chunk and every stage change up to the as-of day."""
    world, rng = chunk.world, chunk.stream("deals")
    courses = [course for course in _courses(chunk, companies, outcomes, rng) if course.stage_days[0] <= world.last_day]
    count = len(courses)
    company = np.array([course.company for course in courses], dtype=np.int64)
    serials = np.array([chunk.serial(position) for position in range(count)], dtype=np.int64)
    ids = identifiers.salesforce_ids("Opportunity", serials, world.seed)
    owners = sellers.assign(sellers.ae_ids, companies.is_japanese[company], companies.numbers[company])

    steps: list[tuple[int, str, int]] = []
    last_stage, last_day = [], []
    for position, course in enumerate(courses):
        seen = [
            (day, stage) for day, stage in zip(course.stage_days, course.stages, strict=True) if day <= world.last_day
        ]
        steps.extend((position, stage, day) for day, stage in seen)
        last_day.append(seen[-1][0])
        last_stage.append(seen[-1][1])
    step_deal = np.array([step[0] for step in steps], dtype=np.int64)
    step_day = np.array([step[2] for step in steps], dtype=np.int64)
    step_at = world.moments(rng, step_day, companies.is_japanese[company[step_deal]])
    first_step = np.concatenate([[True], step_deal[1:] != step_deal[:-1]]) if len(steps) else np.zeros(0, dtype=bool)
    for i in range(1, len(steps)):  # two stages may fall on one day
        if not first_step[i]:
            step_at[i] = max(step_at[i], step_at[i - 1] + 60)
    step_at = np.minimum(step_at, world.end_second)
    last_step = np.concatenate([first_step[1:], [True]]) if len(steps) else first_step
    created, modified = step_at[first_step], step_at[last_step]
    record = accounts.record_at(rng, company, 0.9, created)

    is_closed = np.array([stage.startswith("Closed") for stage in last_stage], dtype=bool)
    is_won = np.array([stage == "Closed Won" for stage in last_stage], dtype=bool)
    end_day = np.where(is_closed, np.array(last_day, dtype=np.int64), NEVER)
    amount = np.array([course.amount_usd for course in courses], dtype=np.int64)
    is_expansion = np.array([course.is_expansion for course in courses], dtype=bool)
    is_inbound = outcomes.is_inbound[company] if count else np.zeros(0, dtype=bool)
    source = np.where(
        is_inbound,
        np.array(_INBOUND_SOURCES)[choose(rng, (0.7, 0.3), count)],
        np.array(_OUTBOUND_SOURCES)[choose(rng, (0.7, 0.15, 0.15), count)],
    )
    planned = created // DAY + rng.integers(60, 150, count)
    opportunities = tables.table(
        "salesforce/Opportunity",
        {
            "Id": ids,
            "AccountId": accounts.ids[record],
            "Name": [
                f"{companies.names[course.company].english} - {'expansion' if course.is_expansion else 'new'}"
                for course in courses
            ],
            "StageName": pa.array(last_stage, pa.string()),
            "Amount": amount,
            "CloseDate": tables.dates(np.where(is_closed, end_day, planned)),
            "CreatedDate": tables.times(created),
            "LastModifiedDate": tables.times(modified),
            "IsClosed": is_closed,
            "IsWon": is_won,
            "Type": tables.pick(("New Business", "Existing Business"), is_expansion.astype(np.int64)),
            "LeadSource": source,
            "OwnerId": owners,
            "loaded_at": tables.times(world.export_night(rng, modified)),
        },
    )
    step_serials = np.array([chunk.serial(position) for position in range(len(steps))], dtype=np.int64)
    history = tables.table(
        "salesforce/OpportunityHistory",
        {
            "Id": identifiers.salesforce_ids("OpportunityHistory", step_serials, world.seed),
            "OpportunityId": ids[step_deal],
            "StageName": pa.array([step[1] for step in steps], pa.string()),
            "Amount": amount[step_deal],
            "CreatedDate": tables.times(step_at),
            "loaded_at": tables.times(world.export_night(rng, step_at)),
        },
    )
    return Deals(ids, company, created, end_day, is_won, amount, owners, opportunities, history)


def _courses(chunk: Chunk, companies: Companies, outcomes: Outcomes, rng: np.random.Generator) -> list[_Course]:
    courses = []
    for position in np.flatnonzero(outcomes.has_opportunity).tolist():
        first_touch, wins = int(outcomes.first_touch_day[position]), bool(outcomes.will_win[position])
        size = (int(companies.employees[position]) / 300) ** 0.4
        amount = int(9_000 * size * rng.lognormal(0.0, 0.5)) // 100 * 100 + 1_000
        if wins:
            end = int(outcomes.won_day[position])
            start = first_touch + int(rng.integers(2, max(3, min(30, (end - first_touch) // 2))))
            courses.append(_course(position, start, end, len(_STAGES), "Closed Won", amount, False, rng))
            if rng.random() < _EXPANSION_SHARE:
                again = end + int(rng.integers(120, 420))
                won = rng.random() < _EXPANSION_WIN_SHARE
                outcome = "Closed Won" if won else "Closed Lost"
                reached = len(_STAGES) if won else 3
                end_again = again + int(rng.integers(20, 90))
                courses.append(_course(position, again, end_again, reached, outcome, amount // 200 * 100, True, rng))
        else:
            start = first_touch + int(rng.integers(2, 40))
            end = start + int(np.clip(rng.lognormal(np.log(60), 0.6), 8, 400))
            reached = int(choose(rng, (0.25, 0.3, 0.25, 0.12, 0.08), 1)[0]) + 1
            courses.append(_course(position, start, end, reached, "Closed Lost", amount, False, rng))
    return courses


def _course(
    company: int,
    start: int,
    end: int,
    reached: int,
    outcome: str,
    amount: int,
    is_expansion: bool,
    rng: np.random.Generator,
) -> _Course:
    shares = np.sort(rng.random(reached - 1)) if reached > 1 else np.zeros(0)
    days = [start, *(start + (shares * (end - start)).astype(np.int64)).tolist(), end]
    return _Course(company, days, [*_STAGES[:reached], outcome], amount, is_expansion)


def make_tasks(
    chunk: Chunk,
    companies: Companies,
    outcomes: Outcomes,
    people: People,
    accounts: CrmAccounts,
    contacts: CrmContacts,
    sellers: Sellers,
    deals: Deals,
) -> pa.Table:
    """Every call, e-mail and meeting of one chunk, the open ones of the coming days, and rows written by machines."""
    world, rng = chunk.world, chunk.stream("tasks")
    worked = np.flatnonzero(outcomes.is_worked)
    counts = 2 + rng.poisson(2.0, len(worked))
    sdr_company = worked[repeat_positions(counts)]
    gaps = rng.exponential(5.0, len(sdr_company)).astype(np.int64) + 1
    starts = np.cumsum(counts) - counts
    gaps[starts] = 0
    running = np.cumsum(gaps)
    sdr_day = outcomes.first_touch_day[sdr_company] + running - np.repeat(running[starts], counts)
    is_first = np.zeros(len(sdr_company), dtype=bool)
    is_first[starts] = True

    per_deal = 2 + rng.poisson(2.0, len(deals.ids))
    ae_deal = repeat_positions(per_deal)
    deal_day = deals.created // DAY
    until = np.where(deals.end_day == NEVER, world.last_day + 7, deals.end_day)
    ae_company = deals.company[ae_deal]
    ae_day = world.days_between(rng, deal_day[ae_deal], until[ae_deal], companies.is_japanese[ae_company])

    in_crm = np.flatnonzero(companies.in_crm)
    auto_company = in_crm[repeat_positions(rng.poisson(0.4, len(in_crm)))]
    known_since = accounts.created[accounts.first_of_company[auto_company]] // DAY + 1
    auto_day = world.days_between(
        rng,
        np.maximum(known_since, world.first_day),
        np.full(len(auto_company), world.last_day - 1),
        companies.is_japanese[auto_company],
    )

    company = np.concatenate([sdr_company, ae_company, auto_company])
    day = np.concatenate([sdr_day, ae_day, auto_day])
    kind = np.repeat([0, 1, 2], [len(sdr_company), len(ae_company), len(auto_company)])
    deal = np.concatenate([np.full(len(sdr_company), -1), ae_deal, np.full(len(auto_company), -1)])
    opens = np.concatenate(
        [is_first & outcomes.is_inbound[sdr_company], np.zeros(len(ae_deal) + len(auto_company), bool)]
    )
    kept = day <= world.last_day + 10
    return _task_rows(
        chunk, rng, companies, people, accounts, contacts, sellers, deals,
        company[kept], day[kept], kind[kept], deal[kept], opens[kept],
    )  # fmt: skip


def _task_rows(
    chunk: Chunk,
    rng: np.random.Generator,
    companies: Companies,
    people: People,
    accounts: CrmAccounts,
    contacts: CrmContacts,
    sellers: Sellers,
    deals: Deals,
    company: Ints,
    day: Ints,
    kind: Ints,
    deal: Ints,
    opens_with_meeting: Bools,
) -> pa.Table:
    world, count = chunk.world, len(company)
    is_japanese = companies.is_japanese[company]
    at = world.moments(rng, day, is_japanese)
    is_open = (day > world.last_day) | (rng.random(count) < 0.02) & (kind != 2)
    created = np.where(day > world.last_day, (world.last_day - 2) * DAY + at % DAY, at)
    created = np.minimum(created, world.end_second - 600)
    type_shares: tuple[Floats, Floats] = (np.array([0.48, 0.42, 0.10]), np.array([0.36, 0.40, 0.24]))
    drawn = np.where(
        kind == 1, choose(rng, type_shares[1].tolist(), count), choose(rng, type_shares[0].tolist(), count)
    )
    activity = np.where(opens_with_meeting, 2, np.where(kind == 2, 1, drawn))  # 0 call, 1 e-mail, 2 meeting

    person = people.someone_at(rng, company, 1.2)
    contact = np.where(person >= 0, contacts.of_person[np.maximum(person, 0)], -1)
    knows_contact = (contact >= 0) & (contacts.created[np.maximum(contact, 0)] <= created)
    record = accounts.record_at(rng, company, 0.85, created)
    deal_ids = deals.ids[deal] if len(deals.ids) else np.full(count, "")
    owner = np.where(
        kind == 2,
        sellers.integration_id,
        np.where(
            kind == 1,
            sellers.assign(sellers.ae_ids, is_japanese, companies.numbers[company]),
            sellers.assign(sellers.sdr_ids, is_japanese, companies.numbers[company]),
        ),
    )
    is_connected = rng.random(count) < 1.0 / (1.0 + np.exp(1.1 - 0.5 * companies.latent_engagement[company]))
    result = np.where(is_connected, 0, 1 + choose(rng, (0.52, 0.4, 0.08), count))
    subject = np.where(
        kind == 2, "Email: newsletter (automatic)", np.array(_SUBJECTS)[rng.integers(0, len(_SUBJECTS), count)]
    )
    subject = np.where(opens_with_meeting, "Meeting asked for by the buyer", subject)
    serials = np.array([chunk.serial(position) for position in range(count)], dtype=np.int64)
    return tables.table(
        "salesforce/Task",
        {
            "Id": identifiers.salesforce_ids("Task", serials, world.seed),
            "WhatId": np.where(kind == 1, deal_ids, accounts.ids[record]),
            "WhoId": tables.pick(contacts.ids, np.maximum(contact, 0), knows_contact),
            "OwnerId": owner,
            "Subject": subject,
            "Type": tables.pick(("Call", "Email", "Meeting"), activity),
            "Status": tables.pick(("Completed", "Not Started"), is_open.astype(np.int64)),
            "ActivityDate": tables.dates(day),
            "CreatedDate": tables.times(created),
            "TaskSubtype": tables.pick(("Call", "Email", "Task"), activity),
            "CallDisposition": tables.pick(_CALL_RESULTS, result, (activity == 0) & ~is_open),
            "loaded_at": tables.times(world.export_night(rng, created)),
        },
    )
