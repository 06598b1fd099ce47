from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity import identifiers
from identity.addresses import address_key, phone_key, postal_key

# The first digit checks the other twelve, 000012050002: from the right by turns times 1 and 2,
# 2*1 + 0*2 + 0*1 + 0*2 + 5*1 + 0*2 + 2*1 + 1*2 = 11, and 9 - 11 mod 9 = 7.
NUMBER = "7000012050002"


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        f"T{NUMBER}",
        f" {NUMBER[:1]}-{NUMBER[1:5]}-{NUMBER[5:9]}-{NUMBER[9:]} ",
        "７００００１２０５０００２",
        f"{NUMBER}.0",
    ],
)
def test_a_corporate_number_is_read_in_any_writing(text: str) -> None:
    assert identifiers.corporate_number(text) == (NUMBER, "")


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("7.00001E+12", "corporate_number_scientific"),
        ("７．００００１Ｅ＋１２", "corporate_number_scientific"),
        ("8000012050002", "corporate_number_invalid"),  # check digit 8 for 7
        ("700001205000", "corporate_number_invalid"),
        ("0000000000000", "corporate_number_invalid"),
        ("x" * 5000, "corporate_number_invalid"),
        ("", ""),
        ("N/A", ""),
        ("不明", ""),
    ],
)
def test_a_wrong_corporate_number_is_reported_and_not_used(text: str, issue: str) -> None:
    assert identifiers.corporate_number(text) == ("", issue)


def test_an_lei_is_checked_by_its_check_digits() -> None:
    # ISO 7064 mod 97-10: the code, letters as numbers from 10, leaves 1 when divided by 97; one more leaves 2.
    assert identifiers.lei("5493 00 84UKLVMY22DS 16") == ("54930084UKLVMY22DS16", "")
    assert identifiers.lei("54930084UKLVMY22DS17") == ("", "lei_invalid")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15-048-3782", ("150483782", "")),
        ("１５０４８３７８２", ("150483782", "")),
        ("150483782.0", ("150483782", "")),
        ("15048378", ("", "duns_invalid")),
        ("999999999", ("", "duns_invalid")),
        ("123456789", ("", "duns_invalid")),
        ("1.50E+08", ("", "duns_scientific")),
    ],
)
def test_a_duns_number_has_nine_digits_that_nobody_typed_to_fill_a_field(text: str, expected: tuple[str, str]) -> None:
    assert identifiers.duns(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("東京都千代田区緑町三丁目１番１号", "千代田区緑町3-1-1"),
        ("千代田区緑町３丁目１番地１ みどりビル５階", "千代田区緑町３－１－１"),
        ("福岡県みどり市大字緑１６番地の２", "みどり市大字緑16-2"),
        ("千代田区緑町十二丁目３番", "千代田区緑町12-3"),
        ("12 Green Street, Dublin 2", "12 GREEN ST  Dublin 2"),
    ],
)
def test_two_writings_of_one_address_have_one_key(one: str, other: str) -> None:
    assert address_key(one) == address_key(other) != ""


@pytest.mark.parametrize("text", ["", "千代田区", "緑町", "3-1-1", "Dublin", "三田", "x" * 600 + " 1"])
def test_an_address_without_a_house_number_is_no_evidence(text: str) -> None:
    assert address_key(text) == ""


def test_phone_numbers_meet_in_national_form() -> None:
    assert (
        phone_key("+81 (0)3-1234-5678")
        == phone_key("03-1234-5678")
        == phone_key("０３（１２３４）５６７８")
        == "0312345678"
    )
    assert phone_key("000-0000-0000") == phone_key("123") == phone_key("") == ""


def test_postal_codes_meet_without_marks() -> None:
    assert postal_key("〒100-0001") == postal_key("１００－０００１") == "1000001"
    assert postal_key("000") == postal_key("none") == ""


@given(st.text(max_size=200))
def test_no_text_crashes_any_reader(text: str) -> None:
    for reader in (identifiers.corporate_number, identifiers.lei, identifiers.duns):
        value, issue = reader(text)
        assert not (value and issue)
    for reader in (address_key, phone_key, postal_key):
        assert isinstance(reader(text), str)
