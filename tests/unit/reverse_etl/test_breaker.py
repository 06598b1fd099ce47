from __future__ import annotations

from dataclasses import replace

import pytest

from reverse_etl.breaker import SourceRows, describe_trips, trips
from reverse_etl.rules import Limits
from tests.unit.reverse_etl.night import Night, account_id, account_row, house_rules, memory_crm, queue_row, tables

RULES = house_rules()
SIZE = 100


def seen(
    night: Night,
    accounts: list[dict[str, object]],
    queue: list[dict[str, object]] | None = None,
    sources: tuple[SourceRows, ...] = (),
    limits: Limits | None = None,
) -> dict[str, str]:
    """The limits that tonight's plan exceeds, and what was seen."""
    desired = tables(accounts, [], queue)
    rules = replace(RULES, limits=limits or RULES.limits)
    found = trips(night.plan(desired), desired, night.ledger.delivered_accounts(), sources, rules)
    return {trip.limit: trip.seen for trip in found}


@pytest.fixture
def delivered(night: Night) -> Night:
    night.crm = memory_crm(SIZE)
    first = tables([account_row(number) for number in range(1, SIZE + 1)])
    assert not trips(night.plan(first), first, night.ledger.delivered_accounts(), (), RULES)
    night.deliver(first)
    return night


@pytest.mark.parametrize(("changed", "is_stopped"), [(10, False), (11, True)])
def test_more_than_a_tenth_of_the_tiers_may_not_change_in_one_night(
    delivered: Night, changed: int, is_stopped: bool
) -> None:
    accounts = [account_row(n, tier="Tier 1" if n <= changed else "Tier 2") for n in range(1, SIZE + 1)]
    found = seen(delivered, accounts)
    assert ("breaker_tier_change_share" in found) is is_stopped
    if is_stopped:
        assert "11 of 100 tiers would change (11.0%); at most 10% are expected" in found["breaker_tier_change_share"]


@pytest.mark.parametrize(("left", "is_stopped"), [(5, False), (6, True)])
def test_more_than_a_twentieth_of_the_accounts_may_not_leave_at_once(
    delivered: Night, left: int, is_stopped: bool
) -> None:
    accounts = [account_row(n, score=60.0) for n in range(1 + left, SIZE + 1)]
    assert ("breaker_leaving_share" in seen(delivered, accounts)) is is_stopped


def test_who_left_some_night_is_not_counted_again(delivered: Night) -> None:
    delivered.deliver(tables([account_row(n, score=60.0) for n in range(6, SIZE + 1)]))
    assert "breaker_leaving_share" not in seen(delivered, [account_row(n, score=70.0) for n in range(9, SIZE + 1)])


@pytest.mark.parametrize(("tonight", "is_stopped"), [(800, False), (799, True), (0, True)])
def test_a_source_of_less_than_four_fifths_of_its_rows_stops_the_night(
    delivered: Night, tonight: int, is_stopped: bool
) -> None:
    accounts = [account_row(n, score=60.0) for n in range(1, SIZE + 1)]
    found = seen(delivered, accounts, sources=(SourceRows("web_page_views (files)", tonight, 1000),))
    assert ("breaker_source_row_share" in found) is is_stopped


def test_a_column_that_says_nothing_any_more_is_named(delivered: Night) -> None:
    accounts = [account_row(n, next_best_action=None) for n in range(1, SIZE + 1)]
    found = seen(delivered, accounts)
    assert list(found) == ["breaker_emptied_share"]
    assert "100 of 100 records would lose their Account.ABM_Next_Best_Action__c" in found["breaker_emptied_share"]


def test_a_field_that_few_hold_may_be_emptied_for_all_of_them(night: Night) -> None:
    night.crm = memory_crm(SIZE)
    held_back = {"is_suppressed": True, "suppressed_reason": "cooldown"}
    night.deliver(tables([account_row(n, **(held_back if n <= 10 else {})) for n in range(1, SIZE + 1)]))
    assert not seen(night, [account_row(n) for n in range(1, SIZE + 1)])


def test_too_many_new_records_are_stopped(delivered: Night) -> None:
    accounts = [account_row(n) for n in range(1, SIZE + 1)]
    queue = [queue_row(n, salesforce_contact_id=None) for n in range(1, 12)]
    assert not seen(delivered, accounts, queue, limits=Limits(created_count=11))
    assert list(seen(delivered, accounts, queue, limits=Limits(created_count=10))) == ["breaker_created_count"]


def test_a_share_of_a_few_records_is_chance(delivered: Night) -> None:
    accounts = [account_row(n, tier="Tier 1") for n in range(1, SIZE + 1)]
    assert "breaker_tier_change_share" in seen(delivered, accounts)
    assert not seen(delivered, accounts, limits=Limits(minimum_count=SIZE + 1))


def test_nothing_to_write_stops_nothing(delivered: Night) -> None:
    accounts = [account_row(n) for n in range(1, SIZE + 1)]
    assert not seen(delivered, accounts, sources=(SourceRows("web_page_views (files)", 0, 1000),))


def test_what_is_said_names_limit_and_numbers_and_no_record(delivered: Night) -> None:
    desired = tables([account_row(n, tier="Tier 1") for n in range(1, SIZE + 1)])
    found = trips(delivered.plan(desired), desired, delivered.ledger.delivered_accounts(), (), RULES)
    text = describe_trips(found)
    assert "breaker_tier_change_share: 100 of 100" in text
    assert account_id(1) not in text
