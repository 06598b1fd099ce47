"""Invented names: never two alike, and every variant still the same company to a reader."""

from __future__ import annotations

import jaconv
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.names import (
    MAX_COMPANIES,
    VARIANTS_EN,
    VARIANTS_JA,
    WORDS_EN,
    WORDS_JA,
    CompanyName,
    english_name,
    japanese_name,
    variant,
)
from demo.sectors import INDUSTRIES, INDUSTRY_WORDINGS

serials = st.integers(0, MAX_COMPANIES - 1)
industries = st.sampled_from(INDUSTRIES)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def japanese() -> CompanyName:
    return japanese_name(3, 7, "manufacturing", form_in_front=True)


def test_every_industry_has_words_in_both_languages() -> None:
    assert set(INDUSTRIES) == set(WORDS_JA) == set(WORDS_EN) == set(INDUSTRY_WORDINGS)


@given(serials, serials, st.integers(0, 2**40), industries, industries)
def test_two_companies_never_share_a_name(first: int, second: int, seed: int, one: str, other: str) -> None:
    if first == second:
        return
    names = [japanese_name(n, seed, i, True) for n, i in ((first, one), (second, other))]
    assert names[0].written != names[1].written and names[0].host != names[1].host
    names = [english_name(n, seed, i, "Ltd") for n, i in ((first, one), (second, other))]
    assert names[0].written != names[1].written and names[0].host != names[1].host


def test_the_whole_space_of_one_industry_holds_no_double() -> None:
    written = {english_name(n, 1, "healthcare", "Ltd").host for n in range(40_000)}
    assert len(written) == 40_000
    written = {japanese_name(n, 1, "healthcare", True).host for n in range(40_000)}
    assert len(written) == 40_000


@given(serials, industries)
def test_a_host_is_letters_and_hyphens(serial: int, industry: str) -> None:
    for name in (japanese_name(serial, 1, industry, True), english_name(serial, 1, industry, "Ltd")):
        assert name.host.isascii() and name.host.replace("-", "").isalpha() and len(name.host) < 60


def test_the_legal_form_wanders(japanese: CompanyName, rng: np.random.Generator) -> None:
    stem = japanese.written
    assert variant(japanese, "official", rng) == f"株式会社{stem}"
    assert variant(japanese, "form_on_other_side", rng) == f"{stem}株式会社"
    assert variant(japanese, "form_in_brackets", rng) == f"(株){stem}"
    assert variant(japanese, "form_ligature", rng) == f"㈱{stem}"
    assert variant(japanese, "form_abbreviated_behind", rng) == f"{stem}（株）"
    assert variant(japanese, "form_spaced", rng) == f"株式会社　{stem}"


def test_kana_in_both_widths_are_the_same_reading(japanese: CompanyName, rng: np.random.Generator) -> None:
    full, half = variant(japanese, "kana", rng), variant(japanese, "half_width_kana", rng)
    assert full != half and jaconv.h2z(half) == full


def test_a_branch_stands_behind_the_name(rng: np.random.Generator) -> None:
    name = english_name(5, 7, "healthcare", "Ltd")
    assert variant(name, "branch", rng).startswith(f"{name.official} - ")


@given(serials, st.integers(0, 2**32))
def test_a_typing_error_changes_few_letters_and_never_the_first(serial: int, seed: int) -> None:
    name = english_name(serial, 1, "healthcare", "Ltd")
    mistyped = variant(name, "typing_error", np.random.default_rng(seed))
    assert mistyped[0] == name.written[0]
    assert abs(len(mistyped) - len(name.official)) <= 1


@pytest.mark.parametrize("kind", VARIANTS_JA)
def test_every_japanese_variant_has_text(kind: str, japanese: CompanyName, rng: np.random.Generator) -> None:
    assert len(variant(japanese, kind, rng).strip()) >= 3


@pytest.mark.parametrize("kind", VARIANTS_EN)
def test_every_english_variant_has_text(kind: str, rng: np.random.Generator) -> None:
    assert len(variant(english_name(8, 7, "healthcare", "DAC"), kind, rng).strip()) >= 3


def test_an_unknown_variant_is_an_error(japanese: CompanyName, rng: np.random.Generator) -> None:
    with pytest.raises(KeyError, match="backwards"):
        variant(japanese, "backwards", rng)
