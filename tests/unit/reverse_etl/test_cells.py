from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reverse_etl.cells import differ, long_ids, read_cells
from reverse_etl.crm import CrmField
from reverse_etl.errors import SyncError

SCORE = CrmField("ABM_Score__c", "double", precision=5, scale=2)
TEXT = CrmField("ABM_Top_Reasons__c", "string", length=5)
INSTANT = CrmField("ABM_Scored_At__c", "datetime")
DAY = CrmField("Due_Date__c", "date")
TICK = CrmField("ABM_Suppressed__c", "boolean")


def texts(values: pa.Array, field: CrmField, decimals: int | None = None, cut: bool = False) -> list[str | None]:
    cells = read_cells(values, field, decimals, cut)
    return cells.texts(np.arange(len(cells))).to_pylist()


def test_numbers_have_the_decimals_of_the_field() -> None:
    assert texts(pa.array([73.405, 73.4, 0.0, -0.001, None, float("nan")]), SCORE) == [
        "73.41",
        "73.40",
        "0.00",
        "0.00",
        None,
        None,
    ]


def test_numbers_may_keep_fewer_decimals_than_the_field_has() -> None:
    assert texts(pa.array([73.46, 73.44]), SCORE, decimals=1) == ["73.50", "73.40"]


def test_numbers_as_text_are_read_in_every_form_that_the_api_uses() -> None:
    assert texts(pa.array(["73.4", "7.34E1", " 73.40 ", "", None]), SCORE) == ["73.40", "73.40", "73.40", None, None]


def test_a_number_that_is_not_one_is_refused_without_repeating_it() -> None:
    with pytest.raises(SyncError) as caught:
        read_cells(pa.array(["somebody@example.test"]), SCORE)
    assert "ABM_Score__c" in str(caught.value) and "example.test" not in str(caught.value)


def test_an_infinite_number_is_refused() -> None:
    with pytest.raises(SyncError, match="ABM_Score__c"):
        read_cells(pa.array([float("inf")]), SCORE)


def test_text_is_stripped_and_empty_text_is_empty() -> None:
    assert texts(pa.array([" a ", "", "  ", None, "a\r\nb\rc"]), CrmField("x", "string", length=9)) == [
        "a",
        None,
        None,
        None,
        "a\nb\nc",
    ]


def test_text_is_cut_by_utf_16_units_and_never_through_a_character() -> None:
    # An emoji counts two: abc + one emoji = 5; abcd + an emoji = 6, and cutting at 5 would halve it.
    assert texts(pa.array(["abc😀", "abcd😀", "123456", "名前名前名前"]), TEXT, cut=True) == [
        "abc😀",
        "abcd",
        "12345",
        "名前名前名",
    ]
    cut = read_cells(pa.array(["abc😀", "abcd😀", "123456"]), TEXT, cut=True).cut
    assert cut is not None and cut.to_pylist() == [1, 2]


def test_instants_are_one_in_every_notation() -> None:
    notations = [
        "2026-10-31T00:00:00.000Z",
        "2026-10-31T09:00:00.000+0900",
        "2026-10-31T09:00:00+09:00",
        "2026-10-31 00:00:00",
        "2026-10-31T00:00:00",
    ]
    assert set(texts(pa.array(notations), INSTANT)) == {"2026-10-31T00:00:00.000Z"}
    for given_type in (pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", "UTC")):
        assert texts(pa.array([datetime(2026, 10, 31, tzinfo=UTC)], given_type), INSTANT) == [
            "2026-10-31T00:00:00.000Z"
        ]
    assert texts(pa.array([date(2026, 10, 31), None]), INSTANT) == ["2026-10-31T00:00:00.000Z", None]


def test_dates_are_plain_days() -> None:
    assert texts(pa.array(["2026-10-31", None]), DAY) == ["2026-10-31", None]
    assert texts(pa.array([date(2026, 10, 31)]), DAY) == ["2026-10-31"]
    assert texts(pa.array([datetime(2026, 10, 31, 5)]), DAY) == ["2026-10-31"]


def test_an_empty_checkbox_is_false() -> None:
    assert texts(pa.array(["TRUE", "false", None, ""]), TICK) == ["true", "false", "false", "false"]
    assert texts(pa.array([True, None]), TICK) == ["true", "false"]
    assert texts(pa.array([], pa.string()), TICK) == []


def test_short_ids_get_their_case_checksum() -> None:
    # 001D000000IRFma: capitals at 3 in the first five (bit 3 = 8 -> I), none at 5-9, I R F at 0, 1, 2 of the last (7 -> H).
    ids = pa.array(["001D000000IRFma", "001D000000IRFmaIAH", None])
    assert long_ids(ids).to_pylist() == ["001D000000IRFmaIAH", "001D000000IRFmaIAH", None]


@given(st.lists(st.one_of(st.none(), st.floats(-999, 999)), min_size=1))
def test_what_was_sent_and_read_back_does_not_differ(values: list[float | None]) -> None:
    sent = read_cells(pa.array(values, pa.float64()), SCORE)
    back = read_cells(sent.texts(np.arange(len(sent))), SCORE)
    assert not differ(sent, back).any()


@given(st.lists(st.one_of(st.none(), st.text()), min_size=1))
def test_text_that_was_sent_and_read_back_does_not_differ(values: list[str | None]) -> None:
    sent = read_cells(pa.array(values, pa.string()), TEXT, cut=True)
    back = read_cells(sent.texts(np.arange(len(sent))), TEXT)
    assert not differ(sent, back).any()
    assert all(value is None or len(value.encode("utf-16-le")) <= 10 for value in sent.values.to_pylist())


BLANKS = " \t\r\n\x1f\u0085\u00a0\u1680\u2003\u202f\u205f\u3000"


@given(
    st.lists(st.none() | st.text(st.sampled_from(f"{BLANKS}ab\u200bé日😀"), max_size=6), max_size=8),
    st.integers(0, 3),
    st.integers(1, 6),
)
def test_a_column_reads_as_its_texts_one_by_one_wherever_the_blanks_are(
    values: list[str | None], skipped: int, length: int
) -> None:
    field = CrmField("Text__c", "string", length=length)
    column = pa.array(values, pa.string()).slice(skipped)
    found = read_cells(column, field, cut=True)
    expected = []
    for value in values[skipped:]:
        text = (value or "").strip().replace("\r\n", "\n").replace("\r", "\n")
        if len(text.encode("utf-16-le")) > 2 * length:
            text = text.encode("utf-16-le")[: 2 * length].decode("utf-16-le", errors="ignore").rstrip()
        expected.append(text or None)
    assert found.values.to_pylist() == expected
