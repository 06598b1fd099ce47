"""Job titles: accuracy on labelled ones, the traps by name, and what must hold for any title."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.rules import RuleError
from identity.titles import TITLE_READINGS_SCHEMA, TITLE_RULE_TABLES, TitleRules, read_titles

RULES = Path(__file__).parents[3] / "seeds" / "rules"
TITLES = Path(__file__).parents[2] / "fixtures" / "titles"


def rule_tables() -> dict[str, pd.DataFrame]:
    tables = {name: pd.read_csv(RULES / f"{name}.csv", dtype=str, keep_default_na=False) for name in TITLE_RULE_TABLES}
    for name in ("title_functions", "title_seniorities", "title_departments"):
        tables[name]["priority"] = tables[name]["priority"].astype(int)
    tables["mart_parameters"]["value"] = tables["mart_parameters"]["value"].astype(float)
    return tables


@cache
def rules() -> TitleRules:
    return TitleRules.from_tables(**rule_tables())


def read(title: str, department: str = "") -> dict[str, object]:
    return dict(read_titles([(title, department)], rules()).to_pylist()[0])


def read_lines(name: str) -> list[str]:
    return (TITLES / f"{name}.csv").read_text(encoding="utf-8").splitlines()


def accuracies(*names: str) -> tuple[float, float]:
    """Shares of roles and of ranks that are right on labelled titles."""
    labelled = [row for name in names for row in csv.DictReader(read_lines(name))]
    readings = {
        (row["title"], row["department"]): row
        for row in read_titles([(row["title"], row["department"]) for row in labelled], rules()).to_pylist()
    }
    found = [readings[row["title"], row["department"]] for row in labelled]
    roles = sum(row["role"] == said["role"] for row, said in zip(labelled, found, strict=True))
    ranks = sum(row["seniority"] == said["seniority"] for row, said in zip(labelled, found, strict=True))
    return roles / len(labelled), ranks / len(labelled)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_roles_and_ranks_are_right_on_titles_that_were_labelled_before_the_rules_were_written(language: str) -> None:
    role_share, rank_share = accuracies(f"titles_{language}_heldout")

    assert role_share >= 0.90
    assert rank_share >= 0.92


@pytest.mark.parametrize("language", ["en", "ja"])
def test_roles_and_ranks_are_right_on_titles_that_the_rules_were_tried_on(language: str) -> None:
    assert min(accuracies(f"titles_{language}")) >= 0.99


@pytest.mark.parametrize(
    ("title", "function", "seniority"),
    [
        ("Director", None, "DIR"),  # contains cto
        ("Chief Technology Officer", "tech", "C"),
        ("Marketing Coordinator", "other", "IC"),  # contains coo
        ("Internal Audit Manager", "other", "MGR"),  # contains it
        ("Head of Facility Security", "security", "DIR"),
        ("Vice President, Logistics", "other", "VP"),  # contains president
        ("Executive Assistant to the CEO", "other", "IC"),
        ("Manager, Office of the CIO", "it", "MGR"),
        ("Senior Product Manager", "other", "IC"),
        ("Project Manager", "other", "IC"),
        ("Security Guard", "none", "IC"),
        ("Head of Information Security", "security", "DIR"),
        ("IT Manager", "it", "MGR"),
        ("General Counsel", "legal", "C"),
        ("Student", "none", "NA"),
        ("社長秘書", "other", "IC"),
        ("部長室 秘書", "other", "IC"),
        ("社長室", "other", "IC"),
        ("社長室 室長", "other", "DIR"),
        ("社長室課長", "other", "MGR"),
        ("支社長", "business_head", "DIR"),
        ("取締役副社長", "executive", "C"),
        ("副社長", "executive", "C"),
        ("代表取締役社長 兼 CIO", "executive", "C"),
        ("購買部 担当部長", "procurement", "DIR"),
        ("購買部 担当課長", "procurement", "MGR"),
        ("購買部 課長代理", "procurement", "LEAD"),
        ("購買部 課長補佐", "procurement", "LEAD"),
        ("システム統括部 次長", "it", "DIR"),
        ("システム統括部 担当", "it", "IC"),
        ("情報システム部　部長", "it", "DIR"),
        ("情報システム部", "it", "IC"),
        ("デジタル事業部 事業部長", "business_head", "VP"),
        ("最高情報セキュリティ責任者", "security", "C"),
        ("CISO 兼 情報システム部長", "security", "C"),
        ("顧問", "none", "NA"),
        ("ｼｽﾃﾑ部　ﾏﾈｰｼﾞｬｰ", "it", "MGR"),
        ("ＩＴ戦略室　室長", "it", "DIR"),
        ("Cheif Information Officer", "it", "C"),
        ("IT Manger", "it", "MGR"),
        ("Procurment Manager", "procurement", "MGR"),
    ],
)
def test_titles_that_contain_the_words_of_other_titles_are_told_apart(
    title: str, function: str | None, seniority: str
) -> None:
    reading = read(title)

    assert (reading["function"], reading["seniority"]) == (function, seniority)


@pytest.mark.parametrize(
    ("title", "department", "role", "rule"),
    [
        ("部長", "情報システム部", "DM", "department function 180, seniority 120"),
        ("Vice President", "Information Technology", "DM", "department function 190, seniority 110"),
        ("営業部長", "情報システム部", "USER", "function 280, seniority 120"),
        ("Zzyzx", "情報システム部", "ADMIN", "department function 180, seniority 220"),
    ],
)
def test_the_department_gives_the_function_that_the_title_leaves_open_and_never_the_rank(
    title: str, department: str, role: str, rule: str
) -> None:
    reading = read(title, department)

    assert (reading["role"], reading["role_rule"]) == (role, rule)


@pytest.mark.parametrize(
    ("title", "problem"),
    [
        ("部長", "rank_only"),
        ("マネージャー", "rank_only"),
        ("ゼネラルマネジャー", "rank_only"),
        ("Zzyzx Manager", "function_unknown"),
        ("Zzyzx", "not_understood"),
    ],
)
def test_a_title_without_a_role_says_what_it_lacks(title: str, problem: str) -> None:
    reading = read(title)

    assert (reading["role"], reading["problem"]) == ("unknown", problem)
    assert reading["role_rule"] is None
    assert reading["role_confidence"] is None


def test_the_surer_a_title_is_the_higher_its_confidence() -> None:
    # Written so in the alias table; both parts by pattern; one slip; no rank named, so staff is assumed.
    titles = ("IT Manager", "Manager of IT", "IT Manger", "Network Security")
    confidences = [read(title)["role_confidence"] for title in titles]

    assert confidences[0] == 1.0
    assert confidences == sorted(confidences, key=lambda value: -float(str(value)))
    assert len(set(confidences)) >= 3


def test_a_row_pasted_into_the_alias_table_mends_a_title_and_its_slips() -> None:
    tables = rule_tables()
    row = {"alias": "Keeper of the Keys", "function": "security", "seniority": "IC", "note": "asked the account team"}
    tables["title_aliases"] = pd.concat([tables["title_aliases"], pd.DataFrame([row])], ignore_index=True)
    mended = TitleRules.from_tables(**tables)

    roles = read_titles([("KEEPER OF THE  KEYS", ""), ("Keeper of the Kyes", ""), ("Keeper of the Zoo", "")], mended)

    assert read("Keeper of the Keys")["role"] == "unknown"
    assert dict(zip(roles["title"].to_pylist(), roles["role"].to_pylist(), strict=True)) == {
        "KEEPER OF THE  KEYS": "SEC",
        "Keeper of the Kyes": "SEC",
        "Keeper of the Zoo": "unknown",
    }


def test_an_alias_wins_over_a_pattern_and_a_similar_one_does_not() -> None:
    tables = rule_tables()
    row = {"alias": "Security Manager", "function": "other", "seniority": "MGR", "note": "guards, at this company"}
    tables["title_aliases"] = pd.concat([tables["title_aliases"], pd.DataFrame([row])], ignore_index=True)
    rules_with_row = TitleRules.from_tables(**tables)

    readings = read_titles([("Security Manager", ""), ("Security Managers", "")], rules_with_row)

    assert readings["function"].to_pylist() == ["other", "security"]


def test_no_title_makes_a_champion() -> None:
    assert "CH" not in set(rule_tables()["title_roles"]["role"])


def test_every_function_and_rank_has_a_role() -> None:
    given_functions = {row.meaning for row in rules().functions} - {"unspecified"}
    ranks = {row.meaning for row in rules().seniorities}
    aliases = {(alias.function, alias.seniority) for alias in rules().aliases.values()}

    assert {(function, rank) for function in given_functions for rank in ranks} | aliases <= set(rules().roles)


def test_a_pattern_that_is_no_regular_expression_is_named() -> None:
    tables = rule_tables()
    tables["title_functions"].loc[0, "pattern"] = "security(?!guard)"

    with pytest.raises(RuleError, match=r"title_functions\.csv, priority 10: .*RE2"):
        TitleRules.from_tables(**tables)


def test_two_aliases_that_are_one_title_with_two_meanings_are_named() -> None:
    tables = rule_tables()
    row = {"alias": "ＩＴ－ｍａｎａｇｅｒ", "function": "tech", "seniority": "MGR", "note": "x"}
    tables["title_aliases"] = pd.concat([tables["title_aliases"], pd.DataFrame([row])], ignore_index=True)

    with pytest.raises(RuleError, match="are one title in other letters"):
        TitleRules.from_tables(**tables)


def test_a_missing_parameter_is_named() -> None:
    tables = rule_tables()
    tables["mart_parameters"] = tables["mart_parameters"].query("parameter != 'title_min_similarity'")

    with pytest.raises(RuleError, match="title_min_similarity is missing"):
        TitleRules.from_tables(**tables)


WORDS = st.sampled_from(
    [
        "IT",
        "Manager",
        "Director",
        "部長",
        "情報システム部",
        "社長室",
        "課長",
        "Zzyzx",
        ",",
        "of",
        "秘書",
        "ﾏﾈｰｼﾞｬｰ",
        "Chief",
        "\u3099",
    ]
)
ANY_TITLE = st.one_of(st.text(min_size=1, max_size=30), st.lists(WORDS, min_size=1, max_size=5).map(" ".join))


@given(st.lists(st.tuples(ANY_TITLE, st.sampled_from(["", "経理部", "Sales"])), min_size=1, max_size=12), st.randoms())
@settings(max_examples=20, deadline=None)
def test_order_repetition_and_width_of_titles_never_matter(pairs: list[tuple[str, str]], random: Random) -> None:
    shuffled = random.sample(pairs * 2, 2 * len(pairs))
    wide = [("".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in title), there) for title, there in pairs]
    readings = read_titles(pairs, rules())
    wide_roles = {
        (row["title"], row["department"]): (row["role"], row["seniority"])
        for row in read_titles(wide, rules()).to_pylist()
    }

    assert readings.schema == TITLE_READINGS_SCHEMA
    assert readings.equals(read_titles(shuffled, rules()))
    assert readings.num_rows == len(set(pairs))
    said = {(row["title"], row["department"]): row for row in readings.to_pylist()}
    for pair, wide_pair in zip(pairs, wide, strict=True):
        row = said[pair]
        assert wide_roles[wide_pair] == (row["role"], row["seniority"])
        assert (row["role"] == "unknown") == (row["role_confidence"] is None) == (row["problem"] is not None)
        assert row["role_confidence"] is None or 0 < row["role_confidence"] <= 1
