from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import ApiError, RecordProblem
from sandbox.schema import Field
from sandbox.values import csv_reader, json_reader, parse_datetime, to_csv, to_json, utf16_length

SCORE = Field("Score__c", "double", "Score", precision=5, scale=2)
TIER = Field("Tier__c", "picklist", "Tier", length=255, values=(("Tier 1", "Tier 1"),), restricted=True)
CITY = Field("BillingCity", "string", "Billing City", length=4)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2026-01-01T09:00:00Z", "2026-01-01T09:00:00.000Z"),
        ("2026-01-01T09:00:00.123456+09:00", "2026-01-01T00:00:00.123Z"),
        ("2026-01-01T09:00:00+0900", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01 09:00", "2026-01-01T09:00:00.000Z"),
        ("2026-01-01", "2026-01-01T00:00:00.000Z"),
        ("2026-02-30T00:00:00Z", None),
        ("1/1/2026", None),
    ],
)
def test_a_date_time_is_kept_in_utc(text: str, stored: str | None) -> None:
    assert parse_datetime(text) == stored


def test_json_and_bulk_show_a_date_time_each_in_its_own_way() -> None:
    field = Field("At__c", "datetime", "At")
    assert to_json(field, "2026-01-01T00:00:00.000Z") == "2026-01-01T00:00:00.000+0000"
    assert to_csv(field, "2026-01-01T00:00:00.000Z") == "2026-01-01T00:00:00.000Z"


def test_length_is_counted_in_utf_16_units() -> None:
    assert utf16_length("😀é") == 3  # a surrogate pair and one


def problem(field: Field, value: object) -> tuple[str, str]:
    with pytest.raises(RecordProblem) as caught:
        json_reader(field)(value)
    return caught.value.error.code, caught.value.error.message


def test_refusals_use_the_label_and_name_the_limit() -> None:
    assert problem(CITY, "Tokyo") == ("STRING_TOO_LONG", "Billing City: data value too large: Tokyo (max length=4)")
    assert problem(TIER, "X")[1] == "Tier: bad value for restricted picklist field: X"
    assert problem(Field("Email", "email", "Email", length=80), "badone")[1] == "Email: invalid email address: badone"
    assert (
        problem(SCORE, 1000)[0] == "NUMBER_OUTSIDE_VALID_RANGE"
    )  # precision 5, scale 2: three digits before the point


def test_numbers_are_rounded_to_the_scale_and_picklists_take_their_own_spelling() -> None:
    assert json_reader(SCORE)(12.345678) == 12.35
    assert json_reader(TIER)("tier 1") == "Tier 1"
    assert json_reader(CITY)("") is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("double", "abc"),
        ("double", True),
        ("boolean", "perhaps"),
        ("date", "2/3/2026"),
        ("int", 1.5),
        ("int", 10**400),
        ("double", {}),
    ],
)
def test_a_wrong_json_type_is_an_error_of_the_whole_request(kind: str, value: object) -> None:
    with pytest.raises(ApiError) as caught:
        json_reader(Field("X", kind, "X", precision=18))(value)
    assert (caught.value.status, caught.value.code) == (400, "JSON_PARSER_ERROR")


def test_a_wrong_type_in_a_bulk_cell_is_an_error_of_its_row() -> None:
    with pytest.raises(RecordProblem) as caught:
        csv_reader(SCORE)("n/a")
    expected = "INVALID_TYPE_ON_FIELD_IN_RECORD:Score: value not of required type: n/a:Score__c --"
    assert caught.value.error.in_bulk() == expected


ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.just([]), st.just({})
)


@given(
    st.sampled_from(["string", "double", "int", "boolean", "date", "datetime", "reference", "email", "picklist"]),
    ANYTHING,
)
def test_any_json_value_is_stored_or_refused_and_nothing_else(kind: str, value: Any) -> None:
    field = Field("X", kind, "X", length=20, precision=10, scale=2, values=(("a", "a"),), restricted=True)
    try:
        stored = json_reader(field)(value)
    except (ApiError, RecordProblem):
        return
    assert stored is None or isinstance(stored, str | int | float)
    if isinstance(stored, str):
        stored.encode()  # what is stored is well-formed text
