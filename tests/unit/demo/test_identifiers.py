"""Identifiers are well formed, unique, and in ranges that nobody is given."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from stdnum import lei
from stdnum.jp import cn

from demo.identifiers import PREFIXES, corporate_number, duns_number, hex_ids, legal_entity_identifier, salesforce_ids


def slow_checksum(fifteen: str) -> str:
    """The last three characters of an id, as the CRM's documentation describes them; slow and plain."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    return "".join(
        letters[sum(1 << place for place, letter in enumerate(fifteen[start : start + 5]) if letter in letters[:26])]
        for start in (0, 5, 10)
    )


@given(st.sampled_from(sorted(PREFIXES)), st.integers(0, 2**26), st.integers(0, 2**62))
def test_a_record_id_has_its_prefix_and_its_checksum(entity: str, serial: int, seed: int) -> None:
    record_id = str(salesforce_ids(entity, np.array([serial]), seed)[0])
    assert len(record_id) == 18 and record_id.isalnum()
    assert record_id.startswith(PREFIXES[entity])
    assert record_id[15:] == slow_checksum(record_id[:15])


def test_the_checksum_agrees_with_a_known_id() -> None:
    # By hand: 001Dm 000AA AAAAa -> capitals D (place 3): 8 = I; A A (3, 4): 8 + 16 = 24 = Y; A x4: 1 + 2 + 4 + 8 = 15 = P.
    assert slow_checksum("001Dm000AAAAAAa") == "IYP"


def test_record_ids_of_a_million_rows_are_unique_and_neighbours_unlike() -> None:
    ids = salesforce_ids("Task", np.arange(1_000_000), 7)
    assert len(np.unique(ids)) == 1_000_000
    assert sum(a[8:15] != b[8:15] for a, b in pairwise(ids[:101])) == 100


@given(st.integers(0, 2**31))
def test_corporate_numbers_check_and_are_given_to_nobody(serial: int) -> None:
    number = corporate_number(serial)
    assert cn.is_valid(number)
    assert number[1:3] == "99"


@given(st.integers(0, 2**31))
def test_legal_entity_identifiers_check_and_name_no_issuer(serial: int) -> None:
    identifier = legal_entity_identifier(serial)
    assert lei.is_valid(identifier)
    assert identifier.startswith("ZZZZ")


def test_duns_numbers_have_nine_digits_and_begin_with_00() -> None:
    assert duns_number(1_234) == "000001234"


def test_hex_ids_are_reproducible_and_of_the_asked_length() -> None:
    first, second = (hex_ids(np.random.default_rng(1), 50, 14, "v") for _ in range(2))
    assert (first == second).all()
    assert {len(value) for value in first} == {15} and len(set(first)) == 50
    assert len(hex_ids(np.random.default_rng(1), 0, 14)) == 0
