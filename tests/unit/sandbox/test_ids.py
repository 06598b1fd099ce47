from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.ids import checksum, has_id_shape, make_id, to_18


def test_the_checksum_spells_the_capitals_of_each_five_characters() -> None:
    # 001gK: only the fifth is a capital, 2**4 = 16 -> Q; 0000S: the same; NZLij: the first three, 1 + 2 + 4 = 7 -> H
    assert checksum("001gK0000SNZLij") == "QQH"


def test_an_id_of_18_characters_is_left_as_it_is_even_with_a_wrong_checksum() -> None:
    assert to_18("001000000000001ZZZ") == "001000000000001ZZZ"


def test_made_ids_count_in_base_62_and_carry_their_prefix() -> None:
    assert make_id("001", 1)[:15] == "001Sb0000000001"
    assert make_id("001", 62)[:15] == "001Sb0000000010"


@given(st.integers(min_value=1, max_value=10**12), st.integers(min_value=1, max_value=10**12))
def test_ids_of_different_numbers_differ_even_without_letter_case(first: int, second: int) -> None:
    one, other = make_id("001", first), make_id("001", second)
    assert has_id_shape(one)
    assert (one.lower() == other.lower()) == (first == second)


def test_only_15_or_18_letters_and_digits_look_like_an_id() -> None:
    assert has_id_shape("001gK0000SNZLij") and has_id_shape("001gK0000SNZLijQQH")
    assert not any(
        has_id_shape(text) for text in ("", "001", "001gK0000SNZLij!", "001gK0000SNZLijQ", "００１gK0000SNZLij")
    )
