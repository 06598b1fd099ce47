"""Titles and the roles behind them."""

from __future__ import annotations

import numpy as np
import pytest

from demo.titles import FUNCTIONS, SENIORITIES, compose_title, true_role


@pytest.mark.parametrize(
    ("function", "seniority", "role"),
    [
        ("it", "VP", "DM"),
        ("it", "MGR", "TE"),
        ("it", "IC", "ADMIN"),
        ("engineering", "DIR", "DM"),
        ("engineering", "MGR", "TE"),
        ("security", "IC", "SEC"),
        ("finance", "C", "EB"),
        ("finance", "DIR", "FIN"),
        ("executive", "MGR", "EB"),
        ("procurement", "LEAD", "PROC"),
        ("legal", "C", "LEGAL"),
        ("operations", "C", "EB"),
        ("marketing", "C", "USER"),
        ("none", "NA", "NONE"),
    ],
)
def test_a_role_follows_from_function_and_seniority(function: str, seniority: str, role: str) -> None:
    assert true_role(function, seniority) == role


@pytest.mark.parametrize("is_japanese", [True, False])
def test_every_function_and_seniority_has_a_title(is_japanese: bool) -> None:
    rng = np.random.default_rng(0)
    for function in FUNCTIONS:
        for seniority in SENIORITIES[:-1]:
            title, department = compose_title(function, seniority, is_japanese, rng)
            assert title == title.strip() and len(title) >= 2
            assert department is None or department


def test_a_bare_rank_comes_with_its_department() -> None:
    rng = np.random.default_rng(0)
    composed = [compose_title("it", "DIR", True, rng) for _ in range(300)]
    bare = [(title, department) for title, department in composed if title in {"部長", "次長", "担当部長"}]
    assert bare
    assert {department for _, department in bare} <= {"情報システム部", "情シス部", "IT推進部", "システム企画部"}
