from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.bulk_csv import line, line_ending, read_rows


def rows_of(cell: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    return st.lists(st.lists(cell, min_size=2, max_size=2), max_size=6)


CELLS = rows_of(st.text(max_size=8))
WITHOUT_RETURNS = rows_of(
    st.text(st.characters(exclude_characters="\r"), max_size=8)
)  # csv.writer leaves them unquoted


@pytest.mark.parametrize(
    ("text", "ending"),
    [("a,b\n1,2\n", "LF"), ("a,b\r\n1,2\r\n", "CRLF"), ('"a\r\nb",c\n', "LF"), ('"a\nb",c\r\n', "CRLF"), ("a,b", None)],
)
def test_the_line_end_of_the_header_counts_and_none_inside_quotes(text: str, ending: str | None) -> None:
    assert line_ending(text) == ending


@given(CELLS, st.sampled_from([",", "\t", "|", "^", "`", ";"]), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read_back(rows: list[list[str]], delimiter: str, line_end: str) -> None:
    text = "".join(line(cells, delimiter, line_end) for cells in [["a", "b"], *rows])
    header, found = read_rows(text, delimiter)
    assert header == ["a", "b"]
    assert [row.cells for row in found] == rows
    assert not any(row.problem for row in found)


@given(WITHOUT_RETURNS)
def test_it_reads_what_the_standard_library_writes(rows: list[list[str]]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows([["a", "b"], *rows])
    assert [row.cells for row in read_rows(buffer.getvalue(), ",")[1]] == rows


@given(st.text(alphabet='a ",\n\r', max_size=30))
def test_any_text_gives_rows_as_wide_as_the_header(text: str) -> None:
    _, rows = read_rows("a,b\n" + text, ",")
    assert all(len(row.cells) == 2 for row in rows)
