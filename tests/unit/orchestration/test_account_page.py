"""The page of an account: what it says, what it never says, and that it stands alone."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from identity.name_relations import RELATIONS
from orchestration.account_charts import Bar, clipped, points_chart, wrapped
from orchestration.account_evidence import required_roles
from orchestration.account_page import printed_points, render_account_page
from orchestration.account_words import _WORDS
from orchestration.errors import UsageError
from orchestration.page_file import write_page
from orchestration.page_names import Language, match_evidence, name_of, tier_reason
from orchestration.sparkline import sparkline, weekly
from orchestration.views import print_explanation, read_explanation
from tests.unit.orchestration.account_warehouse import (
    ACCOUNT,
    HOSTILE,
    NIGHT,
    NIGHTS,
    PERSON,
    TABLES,
    rows,
    write_warehouse,
)

RULES = Path(__file__).parents[3] / "seeds" / "rules"
TIERS = Path(__file__).parents[3] / "scoring" / "tiers.py"


class Page(HTMLParser):
    """Tags, links and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.language = ""
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [f"{name}={value}" for name, value in attrs if name in ("src", "href", "action", "xlink:href")]
        self.language = dict(attrs).get("lang") or self.language

    def handle_data(self, data: str) -> None:
        self.text += data


def explain(folder: Path, without: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    file = folder / "account.duckdb"
    write_warehouse(file, rows(**changes), without)
    with duckdb.connect(str(file), read_only=True) as connection:
        return read_explanation(connection, ACCOUNT)


def without_charts(explanation: dict[str, Any]) -> dict[str, Any]:
    """The same for tests of other parts of the page: drawing takes most of its time."""
    left_out = ("score_history", "reasons", "touch_days", "research_days", "sales_activities", "opportunity_stages")
    return explanation | {name: [] for name in (*left_out, "opportunities")}


@pytest.fixture(scope="module")
def explanation(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return explain(tmp_path_factory.mktemp("several_nights"))


@pytest.fixture(scope="module")
def pages(explanation: dict[str, Any]) -> dict[Language, str]:
    return {language: render_account_page(explanation, language) for language in Language}


@pytest.mark.parametrize("language", list(Language))
def test_the_page_fetches_nothing_and_runs_nothing(pages: dict[Language, str], language: Language) -> None:
    page = Page(pages[language])
    assert not {"script", "link", "iframe", "img", "object", "embed", "form", "a", "image"}.intersection(page.tags)
    assert page.links == []
    assert not re.search(r"url\(|@import", pages[language])
    assert set(re.findall(r"https?://[^\"' <]+", pages[language])) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert page.language == language
    for font in ("Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", "Meiryo"):
        assert font in pages[language].partition("</style>")[0]


@pytest.mark.parametrize("language", list(Language))
def test_names_that_look_like_code_are_text(pages: dict[Language, str], language: Language) -> None:
    assert "<script" not in pages[language]
    assert Page(pages[language]).text.count(HOSTILE) >= 3  # heading, a reason, a record


@pytest.mark.parametrize("language", list(Language))
def test_no_person_is_on_the_page(pages: dict[Language, str], explanation: dict[str, Any], language: Language) -> None:
    for secret in (PERSON, "person.example", "見本花子", "見本太郎", "con_2"):
        assert secret not in pages[language]
    assert PERSON not in str(explanation)


def test_each_language_is_complete(pages: dict[Language, str]) -> None:
    japanese, english = Page(pages[Language.JAPANESE]).text, Page(pages[Language.ENGLISH]).text
    for text in (
        "日本 (JP)",
        "電気機器 (製造)",
        "総合スコア",
        "料金ページの閲覧",
        "部門責任者",
        "部長級",
        "書き込み済み",
        "電話 (不通)",
    ):
        assert text in japanese
    for text in ("Japan (JP)", "Composite", "pricing page view", "functional decision maker", "director", "written"):
        assert text in english
    assert "昇格：順位 3（枠 50 以内）" in japanese and "entered: rank 3 is within 50 slots" in english
    assert "ドメイン a.example +4.6; 国 JP +0.7" in japanese and "domain a.example +4.6; country JP +0.7" in english
    japanese = re.sub(r"(?s)^.*?</style>", "", pages[Language.JAPANESE])
    for english_word in ("Tier history", "Country", "Sum = score", "Not shown", "entered"):
        assert english_word not in japanese


def test_every_sentence_is_there_in_both_languages_with_the_same_values() -> None:
    for key, (english, japanese) in _WORDS.items():
        assert english and japanese, key
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", japanese)), key


def test_the_language_is_that_of_the_country_unless_one_is_asked_for(explanation: dict[str, Any]) -> None:
    bare = without_charts(explanation)
    abroad = bare | {"account": bare["account"] | {"country_code": "IE"}}
    nowhere = bare | {"account": bare["account"] | {"country_code": None}}
    assert Page(render_account_page(bare)).language == "ja"
    assert Page(render_account_page(abroad)).language == "en"
    assert Page(render_account_page(nowhere)).language == "en"
    assert Page(render_account_page(abroad, Language.JAPANESE)).language == "ja"


def test_every_chart_has_a_title_a_description_and_a_table(pages: dict[Language, str]) -> None:
    html = pages[Language.ENGLISH]
    names = re.findall(r'<svg[^>]*role="img" aria-labelledby="([\w-]+)-title \1-description"', html)
    assert names == [
        "history",
        *(f"reasons-{name}" for name in ("composite", "fit", "intent", "engagement")),
        "evidence",
    ]
    for name in names:
        assert f'<title id="{name}-title">' in html and f'<desc id="{name}-description">' in html
    assert html.count("<details>") == len(names)


def test_reasons_add_up_to_the_score_and_say_so(pages: dict[Language, str]) -> None:
    text = Page(pages[Language.ENGLISH]).text
    for score in ("62.4", "70.0", "18.1", "42.0"):
        assert f"The points add up to the score: {score}." in text
    # Fit: 50 + 33.33 - 13.29 = 70.04, printed 50.0 + 33.3 - 13.3 = 70.0
    for points in ("+33.3", "-13.3"):
        assert points in text


def test_reasons_that_do_not_add_up_are_not_passed_off_as_complete(explanation: dict[str, Any]) -> None:
    kept = [row for row in explanation["reasons"] if row["reason"] != "fit:country"]
    text = Page(render_account_page(explanation | {"reasons": kept, "score_history": []}, Language.ENGLISH)).text
    assert "The points add up to 83.3, the score is 70.0" in text


@given(
    st.lists(
        st.floats(-100, 100).filter(lambda value: value == 0 or abs(value) > 1e-6), min_size=1, max_size=12
    ).filter(lambda points: 0 <= sum(points) <= 100)
)
def test_printed_points_add_up_and_are_within_a_tenth(points: list[float]) -> None:
    printed = printed_points(points, sum(points))
    assert round(sum(printed), 1) == round(round(sum(points) * 10) / 10, 1)
    assert all(abs(shown - value) <= 0.1 + 1e-9 for shown, value in zip(printed, points, strict=True))


def test_roles_are_read_from_either_table_that_names_them_and_are_else_unknown(explanation: dict[str, Any]) -> None:
    coverage = [{"required_roles": "DM|TE", "covered_roles": "DM", "reached_role_count": 1, "engaged_role_count": 0}]
    states = [{"role": "TE", "is_reached": True, "is_engaged": False}, {"role": "USER", "is_reached": True}]
    by_state = required_roles(coverage, [], states)
    assert [(row["is_covered"], row["is_reached"], row["is_engaged"]) for row in by_state] == [
        (True, False, False),
        (False, True, False),
    ]
    unknown = required_roles(coverage, [], [])
    assert [row["is_reached"] for row in unknown] == [None, None]
    changed = without_charts(explanation) | {"committee": coverage, "committee_roles": unknown}
    text = Page(render_account_page(changed, Language.ENGLISH)).text
    assert "Covered: 1 of 2 · Reached: 1 of 2 · Engaged: 0 of 2" in text
    assert re.search(r"DM\s*● yes\s*unknown\s*unknown", text)


def test_what_is_not_shown_is_counted(explanation: dict[str, Any], pages: dict[Language, str]) -> None:
    # Nine touches by known persons, four of them by persons who agreed to be profiled.
    assert explanation["not_shown"] == [
        {
            "without_consent": 5,
            "anonymous": 7,
            "seller_caused": 0,
            "machines": 1,
            "unattributed_of_all_companies": 11,
        }
    ]
    text = Page(pages[Language.ENGLISH]).text
    assert "consent to profiling, in no score and not on this page: 5" in text
    assert "sellers" not in text  # nothing to say about zero


def test_later_days_and_older_days_are_not_in_the_timeline(explanation: dict[str, Any]) -> None:
    assert {row["activity_date"] for row in explanation["sales_activities"]} == {NIGHT - timedelta(days=3)}
    # A stage that repeats is no change, and one of next week is not known yet.
    assert [row["stage_name"] for row in explanation["opportunity_stages"]] == ["Prospecting", "Evaluation"]


def test_a_word_of_ones_own_stands_as_it_is(pages: dict[Language, str]) -> None:
    for html in pages.values():
        for word in ("own_kind", "fax", "Evaluation", "New Business"):
            assert word in html


def test_missing_scores_are_said_with_their_reason_and_are_never_zero(tmp_path: Path) -> None:
    one = explain(tmp_path, nights=NIGHTS[:1])
    assert one["standing"][0]["intent_score"] is None
    for language, sentence, reason in (
        (Language.ENGLISH, "Only one night has been scored so far (2026-10-17)", "Research cannot be recognised"),
        (Language.JAPANESE, "算出済みの夜はまだ 1 つ（2026-10-17）のみ", "調査を把握できない"),
    ):
        html = render_account_page(one, language)
        text = Page(html).text
        assert sentence in text
        assert text.count(reason) == 3  # card, reasons, what is missing
        assert 'class="unknown"' in html
        assert "reasons-intent" not in html
        assert "None" not in text and "nan" not in text


def test_an_account_without_any_night_has_a_page_too(tmp_path: Path) -> None:
    absent = tuple(table for table in TABLES if table not in ("marts.dim_accounts", "marts.dim_account_records"))
    bare = explain(tmp_path, absent, name="見本")
    assert bare["night"] is None
    read = set(bare["absent_tables"]) | {
        "scoring.fit_scores",
        "scoring.reference_population",
        "identity.match_candidates",
    }
    # What the page does not show, or does not ask for before there is a night.
    unread = {
        "scoring.feature_reference",
        "scoring.fit_model_events",
        "scoring.fit_models",
        "scoring.fit_shadow_scores",
    }
    assert set(absent) <= read | unread | {"scoring.target_list", "scoring.target_list_quarters"}
    text = Page(render_account_page(bare, Language.ENGLISH)).text
    assert "This account has not been scored on any night yet." in text
    assert "This warehouse does not hold: " in text


def test_scored_on_an_earlier_night_than_the_last_is_said(explanation: dict[str, Any]) -> None:
    later = without_charts(explanation) | {"night": date(2026, 11, 7)}
    text = Page(render_account_page(later, Language.ENGLISH)).text
    assert "The last night of the warehouse is 2026-11-07; this account was last scored on 2026-10-31." in text


def test_stage_and_target_list_are_shown_where_the_warehouse_has_them(tmp_path: Path) -> None:
    file = tmp_path / "account.duckdb"
    write_warehouse(file, rows())
    with duckdb.connect(str(file)) as connection:
        for sql in (
            "create table activation.account_stages as select $a as account_id, 'MQA' as stage,"
            " date '2026-10-20' as entered_date",
            "create table activation.target_list as select $a as account_id, 'first_list' as reason_code,"
            " date '2026-10-01' as listed_since_date",
            "create table rules.target_list_reasons as select 'first_list' as reason_code, 'Among the best' as label_en,"
            " '初回' as label_ja",
        ):
            connection.execute(sql, {"a": ACCOUNT} if "$a" in sql else None)
        found = without_charts(read_explanation(connection, ACCOUNT))
        text = Page(render_account_page(found, Language.ENGLISH)).text
        assert re.search(r"Stage\s*MQA\s*since 2026-10-20", text)
        assert re.search(r"Target list\s*on the list\s*since 2026-10-01 · Among the best", text)
        connection.execute("delete from activation.target_list")
        found = without_charts(read_explanation(connection, ACCOUNT))
        text = Page(render_account_page(found, Language.JAPANESE)).text
        assert re.search(r"ターゲットリスト\s*登録なし", text)


def test_a_warehouse_without_accounts_or_of_another_version_says_what_to_do(tmp_path: Path) -> None:
    empty = duckdb.connect(str(tmp_path / "empty.duckdb"))
    with empty as connection, pytest.raises(UsageError, match=r"no accounts yet .*`abm run"):
        read_explanation(connection, ACCOUNT)
    file = tmp_path / "old.duckdb"
    write_warehouse(file, rows())
    with duckdb.connect(str(file)) as connection:
        connection.execute("alter table scoring.tiers drop column tier_rank")
        with pytest.raises(UsageError, match=r"another version of abm360 .*tier_rank"):
            read_explanation(connection, ACCOUNT)


def test_the_same_warehouse_gives_the_same_page(explanation: dict[str, Any], pages: dict[Language, str]) -> None:
    assert render_account_page(explanation, Language.JAPANESE) == pages[Language.JAPANESE]


def test_the_terminal_has_the_course_of_scores_and_activity(explanation: dict[str, Any]) -> None:
    out = io.StringIO()
    print_explanation(explanation, False, Console(file=out, width=200))
    text = out.getvalue()
    assert re.search(r"intent +··▂ ", text)  # unknown twice, then 18.08 of 100
    assert re.search(r"pricing_page +▁{25}█ +3 +2026-10-28", text)
    for title in ("tier history", "committee roles", "committee persons", "opportunities", "not shown"):
        assert title in text


def test_a_file_is_written_whole_with_its_folders_and_a_folder_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "new" / "folder" / "account.html"
    write_page(page, "old")
    write_page(page, "新")
    assert page.read_text(encoding="utf-8") == "新"
    assert list(page.parent.iterdir()) == [page]
    with pytest.raises(UsageError, match=r"is a folder; expected the name of a file"):
        write_page(tmp_path, "x")
    with pytest.raises(UsageError, match="cannot be written"):
        write_page(page / "below_a_file.html", "x")


def test_every_country_and_industry_of_the_rules_has_a_name_in_both_languages() -> None:
    for file, column, kind in (
        ("countries.csv", "country_code", "country"),
        ("industries.csv", "industry_group", "industry"),
        ("title_seniorities.csv", "seniority", "seniority"),
    ):
        with (RULES / file).open(encoding="utf-8") as opened:
            words = {row[column] for row in csv.DictReader(opened)}
        for word in words:
            assert name_of(kind, word, Language.JAPANESE) != word, word


def test_every_reason_of_a_tier_has_a_japanese_sentence() -> None:
    # The sentences as they stand in the source, with the values that they are filled with.
    said = re.findall(r'(?:_say\(.*?, |reason\[.*?\] = |waits = )f?"([^"]+)"', TIERS.read_text(encoding="utf-8"))
    assert len(said) == 10
    for sentence in said:
        values = {"{verb}": "entered", "{limit:g}": "75", "{slots}": "50", "{rules.names[at]}": "Tier 1"}
        for name, value in values.items():
            sentence = sentence.replace(name, value)
        sentence = re.sub(r"\{_iso\([^}]*\)\}", "2026-10-31", sentence)
        sentence = re.sub(r"\{+[^}]*\}+", "12", sentence)
        assert tier_reason(sentence, Language.JAPANESE) != sentence, sentence
    assert tier_reason("first assignment: rank 2 is within 50 slots", Language.JAPANESE).startswith("初回")


def test_evidence_is_named_in_japanese_and_what_it_is_about_stays() -> None:
    for relation in RELATIONS:
        assert relation not in match_evidence(f"domain a.example +4.6; {relation} -1.0", Language.JAPANESE)
    assert match_evidence("names in two scripts, the domain is like neither -2.0; name name +1", Language.JAPANESE) == (
        "名称の文字種が異なり、ドメインはどちらにも似ていない -2.0; 名称 name +1"
    )
    assert match_evidence("domain names.example; own words", Language.JAPANESE) == "ドメイン names.example; own words"
    assert match_evidence(None, Language.JAPANESE) == ""


@given(st.text(max_size=200), st.integers(4, 60))
def test_labels_keep_to_their_room(text: str, columns: int) -> None:
    assert wrapped(text, columns).count("\n") <= 2
    assert clipped("短い", columns) == "短い"


def test_a_chart_with_one_bar_and_with_only_negative_bars_can_be_drawn() -> None:
    from measurement.charts import draw

    for bars in ([Bar("", 0.0, "sum")], [Bar("x" * 400, -3.0, "driver"), Bar("合計", -3.0, "sum")]):
        assert draw(points_chart(bars, "points"), "a", "<b>", "&").startswith("<svg")


def test_sparklines_and_weeks() -> None:
    assert sparkline([0, None, 50, 100, 400], 0, 100) == "▁·▅██"
    assert sparkline([3, 3], 3, 3) == "▁▁"
    day = date(2026, 10, 31)
    assert weekly(
        [(day, 2), (day - timedelta(days=6), 1), (day - timedelta(days=7), 5), (day + timedelta(1), 9)], day, 10
    ) == [
        5,
        3,
    ]
