from __future__ import annotations

from collections import defaultdict
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from identity.block import pairs_within, similar_name_keys


def test_members_of_one_key_are_paired_once() -> None:
    pairs = pairs_within([0, 1, 2, 0, 1], [7, 7, 8, 8, 8], 10)
    # 7: (0, 1); 8: (0, 1), (0, 2), (1, 2)
    assert list(zip(pairs.left, pairs.right, strict=True)) == [(0, 1), (0, 2), (1, 2)]


def test_a_key_with_too_many_members_is_set_aside_and_reported() -> None:
    pairs = pairs_within([0, 1, 2, 3], [7, 7, 7, 8], 2)
    assert len(pairs.left) == 0
    assert (pairs.large_keys.tolist(), pairs.large_sizes.tolist()) == ([7], [3])


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3))), st.integers(2, 6))
def test_pairs_agree_with_the_simple_way(members: list[tuple[int, int]], limit: int) -> None:
    groups: dict[int, set[int]] = defaultdict(set)
    for member, key in members:
        groups[key].add(member)
    expected = {pair for group in groups.values() if len(group) <= limit for pair in combinations(sorted(group), 2)}
    pairs = pairs_within([member for member, _ in members], [key for _, key in members], limit)
    assert list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == sorted(expected)


def test_similar_names_meet_under_a_key() -> None:
    names = [
        ("greenhousefoods", "greenhouse foods"),
        ("greenhousefood", "greenhouse food"),
        ("緑電気工業", "緑電気工業"),
        ("緑電機工業", "緑電機工業"),
    ]
    members, keys = similar_name_keys([key for key, _ in names], [text for _, text in names])
    found = list(zip(members.tolist(), keys.tolist(), strict=True))
    met = {key: {member for member, other in found if other == key} for _, key in found}
    assert {0, 1} in met.values()
    assert all(len(group) > 1 for group in met.values())
