"""What works on many texts at once gives what one text at a time does, and two processes what one does."""

from __future__ import annotations

import os
import signal
import unicodedata
from collections.abc import Callable
from functools import partial

import jaconv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity import parallel
from identity.lines import column_of, split_column
from identity.parallel import do_pieces
from identity.text import composed, fold_all, keys_all, transliterate, words_all

TEXTS = st.lists(st.one_of(st.text(max_size=12), st.text("っッーカがｶﾞ゛々가가é́①Aa. &+", max_size=12)), max_size=8)


@given(TEXTS)
def test_texts_beside_each_other_do_not_change_each_other(texts: list[str]) -> None:
    folded = fold_all(texts)
    assert folded == [fold_all([text])[0] for text in texts]
    assert words_all(folded) == [words_all([text])[0] for text in folded]
    assert keys_all(folded) == [keys_all([text])[0] for text in folded]


@given(TEXTS)
def test_lines_are_composed_as_unicodedata_does(texts: list[str]) -> None:
    lines = "\n".join(text.replace("\n", " ") for text in texts)
    assert composed(lines) == "\n".join(unicodedata.normalize("NFKC", line) for line in lines.split("\n"))


@given(st.text("っッあアカガしシャンー a", max_size=12))
def test_kana_are_written_in_latin_letters_as_jaconv_does(text: str) -> None:
    if not text.isascii():
        expected = jaconv.kana2alphabet(jaconv.kata2hira(text)).replace("-", "").replace("ー", "")
        assert transliterate(text) == expected


def test_words_of_nothing_are_none() -> None:
    assert split_column(column_of([])).joined().to_pylist() == []
    assert column_of(["a\ud800"]).to_pylist() == ["a\ue000"]


def test_pieces_of_a_killed_process_are_done_by_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_WORTH_A_PROCESS", 0)
    mine = os.getpid()

    def piece(number: int) -> int:
        if os.getpid() != mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return number * number

    pieces: list[Callable[[], int]] = [partial(piece, number) for number in range(50)]
    assert do_pieces(pieces, 50) == [number * number for number in range(50)]


def test_two_processes_give_each_piece_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_WORTH_A_PROCESS", 0)
    for count in (0, 1, 2, 7, 200):
        assert do_pieces([partial(int, number) for number in range(count)], count) == list(range(count))
