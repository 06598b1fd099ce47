from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.compare import (
    DIFFERENT,
    EQUAL,
    EXTENSION,
    INCOMPARABLE,
    NEAR,
    compare_names,
    is_label,
    speaks_for_domain,
)
from identity.evidence import probability
from identity.names import NameReader
from identity.rarity import NameRarity

from .conftest import make_rules

RULES = make_rules()
READER = NameReader(RULES.legal_forms, RULES.placeholder_names, 300)
RARITY = NameRarity([], [])


def relate(one: str, other: str) -> int:
    left, right = READER.read(one), READER.read(other)
    found = compare_names([left.name_key], [left.normalised_name], [right.name_key], [right.normalised_name], RARITY)
    return int(found.relation[0])


@pytest.mark.parametrize(
    ("one", "other", "relation"),
    [
        ("Green House Inc.", "GREENHOUSE", EQUAL),
        ("Greenhouse Foods", "Greenhuose Foods", NEAR),
        ("Pick Up Drop Off", "PUDO", NEAR),
        ("バーミナール", "Baminaru", NEAR),
        ("Зелёный Дом", "Zeleny Dom", NEAR),
        ("Green House", "Green House Bank", EXTENSION),
        ("緑電気", "緑電気工業", EXTENSION),
        ("Green House 1", "Green House 2", DIFFERENT),
        ("Green House", "Tall Tower", DIFFERENT),
        ("緑屋", "ミドリヤ", DIFFERENT),
        ("緑屋", "Green House", INCOMPARABLE),
        ("", "Green House", INCOMPARABLE),
    ],
)
def test_two_names_are_put_into_one_relation(one: str, other: str, relation: int) -> None:
    assert relate(one, other) == relate(other, one) == relation


@given(st.text(max_size=30), st.text(max_size=30))
def test_comparing_is_symmetric_and_crashes_on_nothing(one: str, other: str) -> None:
    assert relate(one, other) == relate(other, one)


def test_a_domain_speaks_for_the_name_it_is_made_of() -> None:
    assert speaks_for_domain("hinomaru curry", "hinomaru")
    assert speaks_for_domain("nippon green steel", "nippon-green-ste-561")
    assert speaks_for_domain("green house foods", "ghf")
    assert speaks_for_domain("ミドリヤ", "midoriya")
    assert not speaks_for_domain("green house", "qx-17")
    assert not speaks_for_domain("緑屋", "midoriya")


def test_a_name_that_is_the_domain_says_nothing_new() -> None:
    assert is_label("getgreen", "getgreen.com")
    assert is_label("greenio", "green.io")
    assert not is_label("green", "getgreen.com")
    assert not is_label("", "getgreen.com")


@given(st.floats(-1e6, 1e6))
def test_a_probability_is_between_zero_and_one_and_mirrors(log_odds: float) -> None:
    found, mirrored = probability(np.array([log_odds, -log_odds]))
    assert 0 <= found <= 1
    assert found + mirrored == pytest.approx(1)


def test_a_rare_name_is_expected_less_often_than_one_of_common_words() -> None:
    places, kinds = [f"place{number}" for number in range(40)], ["national", "united", "peoples"]
    common = [f"{place} {kind} bank" for place in places for kind in kinds]
    names = [*common, *(f"{kind} bank" for kind in kinds), "quibbledonk harvesters"]
    rarity = NameRarity([name.replace(" ", "") for name in names], names)
    expected = dict(zip(names, rarity.expected_count, strict=True))
    assert expected["national bank"] > expected["quibbledonk harvesters"]
    # 'bank' stands in 123 of 124 names, 'quibbledonk' in one; with 1000 names without and one with the word added:
    # ln(1124 / 124) and ln(1124 / 2)
    assert rarity.information("bank", False) == pytest.approx(2.204368, abs=1e-6)
    assert rarity.information("quibbledonk", False) == pytest.approx(6.331502, abs=1e-6)


def test_names_known_to_be_carried_twice_make_names_of_their_shape_less_telling() -> None:
    names = [f"zorv{letter}" for letter in "abcdefghij"]
    alone = NameRarity(names, names, np.full(len(names), 1))
    twice = NameRarity(names, names, np.full(len(names), 2))
    assert (alone.expected_count < twice.expected_count).all()
