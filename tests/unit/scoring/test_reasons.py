from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from scoring.reasons import ReasonBlock, assemble, is_structural, same_text, top_reasons

AS_OF = dt.date(2026, 6, 30)
IDS = pd.Index(["acc_0", "acc_1"], dtype="str")


def block(reason: str, points: list[float], accounts: list[int] | None = None) -> ReasonBlock:
    rows = np.arange(len(points)) if accounts is None else np.array(accounts)
    return same_text(rows, np.array(points), reason, f"{reason} en", f"{reason} ja")


def test_rows_come_by_account_drivers_first_and_largest_first() -> None:
    rows = assemble(
        "fit", IDS, [block("base", [50, 50]), block("a", [5, 1]), block("b", [-9, 1]), block("cap", [-1], [1])], AS_OF
    )
    assert rows["reason"].tolist() == ["b", "a", "base", "a", "b", "base", "cap"]
    assert rows["rank"].tolist() == [1, 2, 3, 1, 2, 3, 4]
    assert rows["account_id"].tolist() == ["acc_0"] * 3 + ["acc_1"] * 4
    assert rows["score"].unique().tolist() == ["fit"]


def test_the_order_of_blocks_does_not_matter() -> None:
    blocks = [block("base", [50, 50]), block("a", [5, 1]), block("b", [-9, 1])]
    pd.testing.assert_frame_equal(assemble("fit", IDS, blocks, AS_OF), assemble("fit", IDS, blocks[::-1], AS_OF))


def test_no_rows_give_an_empty_table_with_its_columns() -> None:
    rows = assemble("fit", IDS, [], AS_OF)
    assert len(rows) == 0
    assert list(rows.columns) == ["account_id", "score", "rank", "reason", "points", "text_en", "text_ja", "as_of_date"]


def test_at_most_two_up_and_one_down_are_shown_and_arithmetic_never() -> None:
    blocks = [block(name, [points, 0.0]) for name, points in zip("abcdef", (9, 8, 7, -1, -6, 0.01), strict=True)]
    rows = assemble(
        "fit", IDS, [*blocks, block("base", [50, 50]), block("cap", [-30], [0]), block("missing:x", [0, 0])], AS_OF
    )
    shown = top_reasons(rows)
    assert shown["reason"].tolist() == ["a", "b", "e"]
    assert shown["direction"].tolist() == ["up", "up", "down"]
    assert top_reasons(rows, ups=1, downs=2)["reason"].tolist() == ["a", "e", "d"]


@pytest.mark.parametrize(
    ("reason", "structural"),
    [
        ("base", True),
        ("cap", True),
        ("missing:x", True),
        ("none:usual", True),
        ("topic:base", False),
        ("breadth", False),
    ],
)
def test_structural_reasons_are_known_by_their_kind(reason: str, structural: bool) -> None:
    assert is_structural(reason) == structural
