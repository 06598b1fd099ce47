from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from identity.persist import Assignment, Clusters, assign_account_ids, resolve_alias

DAY = date(2026, 1, 31)
EARLIER = date(2026, 1, 1)


def assign(
    clusters: Sequence[Sequence[str]],
    previous: dict[str, str] | None = None,
    aliases: dict[str, tuple[str, date]] | None = None,
    crm: Sequence[str] = (),
) -> Assignment:
    order = sorted(range(len(clusters)), key=lambda at: clusters[at][0])
    records = [record for at in order for record in clusters[at]]
    sizes = np.array([len(clusters[at]) for at in order], np.int64)
    today = Clusters(
        records,
        np.repeat(np.arange(len(clusters)), sizes),
        np.cumsum(sizes) - sizes,
        np.array([record in crm for record in records], dtype=bool),
    )
    found = assign_account_ids(today, previous or {}, aliases or {}, DAY)
    ids = dict(zip(order, found.account_ids, strict=True))
    return Assignment([ids[at] for at in range(len(clusters))], found.aliases, sorted(found.events))


def kinds(found: Assignment) -> list[tuple[str, str, str]]:
    return [(event.event, event.account_id, event.other_account_id) for event in found.events]


def test_a_new_account_takes_its_id_from_its_first_record() -> None:
    found = assign([["salesforce:1", "firmographics:p:1"]])
    # first 16 hex digits of sha256("salesforce:1")
    assert found.account_ids == ["acc_74c5b5d8cc657db3"]
    assert kinds(found) == [("created", "acc_74c5b5d8cc657db3", "")]


def test_a_rerun_changes_nothing() -> None:
    found = assign([["a", "b"], ["c"]], {"a": "acc_1", "b": "acc_1", "c": "acc_2"})
    assert found.account_ids == ["acc_1", "acc_2"]
    assert found.events == []
    assert found.aliases == {}


def test_a_merge_keeps_the_larger_id_and_makes_the_other_an_alias() -> None:
    found = assign([["a", "b", "c"]], {"a": "acc_small", "b": "acc_large", "c": "acc_large"})
    assert found.account_ids == ["acc_large"]
    assert found.aliases == {"acc_small": ("acc_large", DAY)}
    assert kinds(found) == [("merged", "acc_large", "acc_small")]


def test_in_a_merge_the_id_that_the_crm_knows_survives() -> None:
    found = assign([["a", "b", "c"]], {"a": "acc_crm", "b": "acc_large", "c": "acc_large"}, crm=["a"])
    assert found.account_ids == ["acc_crm"]


def test_a_split_leaves_the_id_with_the_larger_old_part() -> None:
    found = assign([["a"], ["b", "c"]], {"a": "acc_1", "b": "acc_1", "c": "acc_1"})
    assert found.account_ids[1] == "acc_1"
    assert found.account_ids[0] not in ("acc_1", "")
    assert kinds(found) == [("split", "acc_1", found.account_ids[0])]


def test_new_records_do_not_count_in_a_split() -> None:
    found = assign([["a", "new1", "new2", "new3"], ["b", "c"]], {"a": "acc_1", "b": "acc_1", "c": "acc_1"})
    assert found.account_ids[1] == "acc_1"


def test_a_split_off_part_gets_a_fresh_id_even_if_it_holds_the_record_that_gave_the_id() -> None:
    first = assign([["a", "b", "c"]]).account_ids[0]
    found = assign([["a"], ["b", "c"]], {"a": first, "b": first, "c": first})
    assert found.account_ids[1] == first
    assert found.account_ids[0] != first


def test_a_new_record_joins_and_a_record_that_changes_sides_moves() -> None:
    previous = {"a": "acc_1", "b": "acc_1", "c": "acc_2", "d": "acc_2", "e": "acc_2"}
    found = assign([["a", "b", "c", "new"], ["d", "e"]], previous)
    assert found.account_ids == ["acc_1", "acc_2"]
    assert kinds(found) == [("joined", "acc_1", ""), ("moved", "acc_1", "acc_2")]


def test_an_alias_resolves_for_ever_through_later_merges() -> None:
    aliases = {"acc_0": ("acc_1", EARLIER)}
    found = assign([["a", "b", "c"]], {"a": "acc_1", "b": "acc_2", "c": "acc_2"}, aliases)
    assert found.aliases == {"acc_0": ("acc_2", EARLIER), "acc_1": ("acc_2", DAY)}
    assert resolve_alias("acc_0", found.aliases) == "acc_2"


def test_a_membership_under_an_alias_counts_for_the_account_behind_it() -> None:
    found = assign([["a", "b"]], {"a": "acc_0", "b": "acc_1"}, {"acc_0": ("acc_1", EARLIER)})
    assert found.account_ids == ["acc_1"]
    assert found.events == []


def test_a_circle_of_aliases_does_not_hang() -> None:
    assert resolve_alias("acc_1", {"acc_1": ("acc_2", DAY), "acc_2": ("acc_1", DAY)}) in ("acc_1", "acc_2")


def test_a_record_that_was_gone_comes_back_to_its_account() -> None:
    assert assign([["a"]], {"a": "acc_1", "gone": "acc_1"}).account_ids == ["acc_1"]


def test_the_same_change_of_the_same_day_has_the_same_event_id() -> None:
    one, other = (assign([["a", "b"]], {"a": "acc_1"}).events[0] for _ in range(2))
    assert one.event == "joined"
    assert one.event_id(DAY) == other.event_id(DAY) != one.event_id(EARLIER)


records = [f"r{number}" for number in range(8)]
partitions = st.lists(st.integers(0, 3), min_size=8, max_size=8).map(
    lambda labels: [
        members
        for label in range(4)
        if (members := [record for record, at in zip(records, labels, strict=True) if at == label])
    ]
)


@given(partitions, partitions, partitions)
def test_ids_are_unique_permanent_and_no_alias_is_used_again(
    first: list[list[str]], second: list[list[str]], third: list[list[str]]
) -> None:
    previous: dict[str, str] = {}
    aliases: dict[str, tuple[str, date]] = {}
    for clusters in (first, second, third):
        found = assign(clusters, previous, aliases)
        assert len(set(found.account_ids)) == len(clusters)
        assert not set(found.account_ids) & set(found.aliases)
        assert set(aliases) <= set(found.aliases)
        assert (
            assign(
                clusters, {r: a for c, a in zip(clusters, found.account_ids, strict=True) for r in c}, found.aliases
            ).events
            == []
        )
        live = set(found.account_ids)
        assert all(resolve_alias(alias, found.aliases) in live | set(previous.values()) for alias in found.aliases)
        previous = {
            record: account for cluster, account in zip(clusters, found.account_ids, strict=True) for record in cluster
        }
        aliases = found.aliases


def test_an_account_is_created_once_whatever_the_day() -> None:
    created = assign([["a"]]).events[0]
    assert created.event_id(DAY) == created.event_id(EARLIER)
