from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring import RuleError
from scoring.inputs import InputError
from scoring.leak_columns import LeakColumns, fold_name
from scoring.leak_guard import Finding, audit, can_convict, together_too_good
from scoring.parameters import Parameters
from tests.unit.scoring.conftest import read_rules

LEAKS = read_rules("leak_columns")
ROWS = 9_000
HONEST = {
    "Lead Origin",
    "Lead Source",
    "Do Not Email",
    "TotalVisits",
    "Total Time Spent on Website",
    "Page Views Per Visit",
    "Country",
    "City",
    "Specialization",
    "What is your current occupation",
    "Industry",
    "Number of employees at last fiscal year",
    "Search",
}
WRITTEN_LATER = {
    "Prospect ID",
    "Lead Number",
    "Tags",
    "Lead Quality",
    "Lead Profile",
    "Last Activity",
    "Last Notable Activity",
    "Asymmetrique Activity Index",
    "Asymmetrique Profile Score",
    "Call length",
    "Enrolment date",
    "Follow-up remark",
    "Handover",
}


def leads(seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Leads of an invented course seller: 39% convert, honest columns reach an AUC of 0.75, some are written later."""
    rng = np.random.default_rng(seed)
    interest = rng.normal(size=ROWS)
    converted = rng.random(ROWS) < 1 / (1 + np.exp(0.6 - 1.5 * interest))
    known = rng.random(ROWS)

    def pick(values: list[str], tilt: float) -> np.ndarray:
        place = (interest * tilt + rng.normal(size=ROWS) + 3) / 6 * len(values)
        return np.array(values, dtype=object)[np.clip(place.astype(int), 0, len(values) - 1)]

    minutes = np.round(np.exp(0.9 * interest + rng.normal(0, 0.9, ROWS) + 5))
    visits = rng.poisson(np.exp(0.2 * interest + 1)).astype(float)
    employees = np.round(np.exp(rng.normal(5, 2, ROWS)))
    number = 570_000 + np.sort(rng.choice(90_000, ROWS, replace=False))
    rows = pd.DataFrame(
        {
            "Prospect ID": [f"{a:08x}-{b:04x}" for a, b in rng.integers(0, 2**31, (ROWS, 2))],
            "Lead Number": number,
            "Lead Origin": pick(["API", "Landing Page Submission", "Lead Import", "Lead Add Form"], 0.5),
            "Lead Source": pick(["Google", "Direct Traffic", "Olark Chat", "Reference", "Welingak"], 0.4),
            "Do Not Email": np.where(rng.random(ROWS) < 0.08, "Yes", "No"),
            "TotalVisits": np.where(rng.random(ROWS) < 0.015, np.nan, visits),
            "Total Time Spent on Website": minutes,
            "Page Views Per Visit": np.round(rng.gamma(2, 1.2, ROWS), 2),
            "Country": np.where(rng.random(ROWS) < 0.27, "", pick(["India", "Singapore", "Japan"], 0.0)),
            "City": np.where(rng.random(ROWS) < 0.4, "Select", pick(["Mumbai", "Thane", "Other Cities"], 0.1)),
            "Specialization": np.where(rng.random(ROWS) < 0.36 - 0.05 * converted, "Select", pick(["HR", "IT"], 0.3)),
            # Asked during the call: a lead that never answered has none.
            "What is your current occupation": np.where(
                known < np.where(converted, 0.9, 0.6), pick(["Unemployed", "Student", "Working"], 0.4), None
            ),
            "Industry": pick(["Retail", "Finance", "Software"], 0.3),
            "Number of employees at last fiscal year": np.where(rng.random(ROWS) < 0.5, np.nan, employees),
            "Search": "No",
            "Tags": np.where(
                rng.random(ROWS) < 0.9,
                np.where(converted, "Will revert after reading the email", "Ringing"),
                pick(["Interested", "Busy"], 0.2),
            ),
            "Lead Quality": pick(["Worst", "Low", "Might be", "High"], 1.0),
            "Lead Profile": pick(["Potential", "Other"], 0.5),
            "Last Activity": pick(["Email Opened", "SMS Sent", "Olark Chat"], 0.6),
            "Last Notable Activity": pick(["Modified", "SMS Sent", "Email Opened"], 0.6),
            "Asymmetrique Activity Index": pick(["01.High", "02.Medium", "03.Low"], 0.2),
            "Asymmetrique Profile Score": np.where(rng.random(ROWS) < 0.45, np.nan, rng.integers(10, 20, ROWS)),
            # Leaks that no name gives away.
            "Call length": np.round(np.exp(2.2 * converted + rng.normal(2, 1, ROWS))),
            "Enrolment date": np.where(converted & (known < 0.8), "2026-03-14", ""),
            "Follow-up remark": np.where(rng.random(ROWS) < np.where(converted, 0.95, 0.02), "ok", "-"),
            "Handover": np.where(converted, "ops", "archive"),
        }
    )
    return rows, converted


def refused(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.column for finding in findings if finding.refuses}


def test_of_a_table_of_leads_exactly_the_columns_written_later_are_refused(parameters: Parameters) -> None:
    rows, converted = leads()
    findings = audit(rows, converted, LEAKS, parameters=parameters)
    assert set(rows.columns) == HONEST | WRITTEN_LATER
    assert refused(findings) == WRITTEN_LATER
    explained = {finding.column for finding in findings if finding.blocks} - WRITTEN_LATER
    assert explained == {"What is your current occupation"}
    checks = {(finding.column, finding.check) for finding in findings}
    assert checks >= {
        ("Call length", "single_feature"),
        ("Enrolment date", "one_outcome"),
        ("Follow-up remark", "one_outcome"),
        ("Handover", "copy"),
        ("Search", "constant"),
        ("Prospect ID", "identifier"),
        ("Lead Number", "identifier"),
        ("Tags", "name"),
        ("Tags", "single_feature"),
        ("What is your current occupation", "missingness"),
    }


def test_the_same_table_as_text_gives_the_same_findings(parameters: Parameters) -> None:
    rows, converted = leads()
    text = rows.map(
        lambda value: (
            None if value is None or value != value else f"{value:g}" if isinstance(value, float) else str(value)
        )
    )
    assert refused(audit(text, converted, LEAKS, parameters=parameters)) == WRITTEN_LATER


def test_row_order_does_not_matter(parameters: Parameters) -> None:
    rows, converted = leads()
    order = np.random.default_rng(1).permutation(ROWS)
    shuffled = audit(rows.iloc[order], converted[order], LEAKS, parameters=parameters)
    assert shuffled == audit(rows, converted, LEAKS, parameters=parameters)


def noise(rng: np.random.Generator, size: int) -> pd.DataFrame:
    columns: dict[str, object] = {}
    for at in range(4):
        columns[f"number {at}"] = rng.normal(size=size)
        columns[f"amount {at}"] = np.round(np.exp(rng.normal(8, 2, size)))
        columns[f"sparse {at}"] = np.where(rng.random(size) < rng.random(), "yes", None)
        columns[f"group {at}"] = rng.choice(list("abcdefgh")[: 2 + at * 2], size)
        columns[f"text {at}"] = [f"t{value}" for value in rng.integers(0, max(2, size // 3), size)]
        columns[f"list {at}"] = ["|".join(rng.choice(list("uvwxyz"), 2)) for _ in range(size)]
    return pd.DataFrame(columns)


@pytest.mark.parametrize(("size", "rate"), [(12, 0.5), (40, 0.2), (40, 0.5), (150, 0.1), (600, 0.03)])
def test_tables_of_noise_raise_almost_no_alarm(size: int, rate: float, parameters: Parameters) -> None:
    # 24 columns each; one table in a hundred may raise an alarm, so 2 or more of 15 have a chance of 1%.
    rng = np.random.default_rng(size)
    alarms = 0
    for _ in range(15):
        rows, outcome = noise(rng, size), rng.random(size) < rate
        findings = audit(rows, outcome, LEAKS, parameters=parameters)
        alarms += any(finding.refuses or finding.blocks for finding in findings)
    assert alarms <= 1


def test_a_leak_of_moderate_size_is_found_in_a_table_of_150_rows(parameters: Parameters) -> None:
    rng = np.random.default_rng(3)
    outcome = rng.random(150) < 0.3
    rows = noise(rng, 150).assign(hours=rng.normal(size=150) + 2.5 * outcome)
    assert refused(audit(rows, outcome, LEAKS, parameters=parameters)) == {"hours"}


def test_tiny_tables_convict_nobody_but_by_name(parameters: Parameters) -> None:
    outcome = np.array([True, False, True, False])
    rows = pd.DataFrame({"x": outcome, "stage": list("abab"), "id": range(4)})
    assert refused(audit(rows, outcome, LEAKS, parameters=parameters)) == {"stage"}
    assert not can_convict(2, 2, 3, parameters) and can_convict(20, 20, 3, parameters)
    assert not audit(rows.iloc[:0, :1], outcome[:0], LEAKS, parameters=parameters)[0].refuses


def test_with_one_outcome_only_names_and_ids_are_judged(parameters: Parameters) -> None:
    rows, _ = leads()
    for outcome in (np.zeros(ROWS, dtype=bool), np.ones(ROWS, dtype=bool)):
        found = refused(audit(rows, outcome, LEAKS, parameters=parameters))
        assert found == WRITTEN_LATER - {"Call length", "Enrolment date", "Follow-up remark", "Handover"}


def test_columns_without_any_value_are_constant(parameters: Parameters) -> None:
    outcome = np.arange(60) % 3 == 0
    rows = pd.DataFrame({"a": [None] * 60, "b": [np.nan] * 60, "c": ["Select", "N/A", "不明"] * 20, "d": [pd.NaT] * 60})
    findings = audit(rows, outcome, LEAKS, parameters=parameters)
    assert [(one.column, one.check, one.refuses, one.blocks) for one in findings] == [
        (name, "constant", False, False) for name in "abcd"
    ]


def test_dates_on_or_after_the_index_day_are_refused_and_a_few_are_to_be_explained(parameters: Parameters) -> None:
    rng = np.random.default_rng(1)
    size = 1_000
    index = pd.Series(pd.Timestamp("2026-03-01") + pd.to_timedelta(rng.integers(0, 200, size), unit="D"))
    before = index - pd.to_timedelta(rng.integers(1, 400, size), unit="D")
    rows = pd.DataFrame(
        {
            "founded": before,
            "created": before.dt.strftime("%Y/%m/%d"),
            "登録日": before.dt.strftime("%Y年%m月%d日"),
            "invoice": (index + pd.Timedelta(days=30)).dt.strftime("%d-%m-%y"),
            "same day": index.dt.tz_localize("UTC"),
            "typing errors": before.where(np.arange(size) >= 3, index),
            "day number": (index + pd.Timedelta(days=1)).dt.strftime("%Y%m%d").astype(int),
        }
    )
    findings = audit(rows, rng.random(size) < 0.4, LEAKS, index, parameters=parameters)
    assert refused(findings) == {"invoice", "same day", "day number"}
    assert [(one.column, one.check) for one in findings if one.blocks] == [("typing errors", "future_dates")]
    assert "3 of 1,000 rows" in next(one.sentence for one in findings if one.column == "typing errors")


def test_numbers_that_name_rows_are_ids_and_amounts_are_not(parameters: Parameters) -> None:
    rng = np.random.default_rng(5)
    size = 400
    rows = pd.DataFrame(
        {
            "serial": rng.permutation(np.arange(70_000, 70_000 + 3 * size, 3)),
            "corporate number": rng.integers(10**12, 9 * 10**12, size),
            "18 digits": 10**17 + np.arange(size),
            "record": [f"R-{n}" for n in range(size)],
            "customer id": rng.integers(100_000, 999_999, size),
            "会員番号": rng.integers(100_000, 999_999, size),
            "budget": rng.integers(100_000, 999_999, size),
            "price": rng.normal(50_000, 8_000, size).round(),
            "employees_count": np.round(np.exp(rng.normal(6, 1.5, size))),
            "revenue_usd": np.round(np.exp(rng.normal(17, 2, size))),
            "founded_year": rng.integers(1900, 2025, size),
            "share": rng.random(size),
            "technologies": ["|".join(sorted(rng.choice([f"Tool {n}" for n in range(40)], 6))) for _ in range(size)],
            "keywords": [f"a{n}|b{n}" for n in range(size)],
        }
    )
    found = refused(audit(rows, rng.random(size) < 0.3, LEAKS, parameters=parameters))
    assert found == {"serial", "corporate number", "18 digits", "record", "customer id", "会員番号", "keywords"}


def test_an_id_says_when_its_order_or_length_tells_the_outcomes_apart(parameters: Parameters) -> None:
    outcome = np.arange(500) >= 300
    rows = pd.DataFrame(
        {"name": [f"row {n}" for n in range(500)], "code": [f"{n:0{9 if n >= 300 else 5}d}x" for n in range(500)]}
    )
    sentences = {
        one.column: one.sentence
        for one in audit(rows, outcome, LEAKS, parameters=parameters)
        if one.check == "identifier"
    }
    assert "length or order alone tells the outcomes apart (AUC 1.00)" in sentences["name"]
    assert "AUC 1.00" in sentences["code"]


def test_a_sweet_spot_and_an_item_of_a_list_that_only_winners_have_are_too_good(parameters: Parameters) -> None:
    rng = np.random.default_rng(2)
    outcome = rng.random(800) < 0.4
    rows = pd.DataFrame(
        {
            "middle": np.where(outcome, rng.normal(0, 0.3, 800), rng.choice([-1, 1], 800) * rng.normal(3, 0.5, 800)),
            "labels": np.where(outcome, "b|customer|c", "b|c"),
            "honest": np.where(outcome, rng.choice(["a|b", "b|c"], 800), rng.choice(["a|b", "a|c"], 800)),
        }
    )
    findings = {
        one.column: one for one in audit(rows, outcome, LEAKS, parameters=parameters) if one.check == "single_feature"
    }
    assert set(findings) == {"middle"}
    copies = [one.column for one in audit(rows, outcome, LEAKS, parameters=parameters) if one.check == "copy"]
    assert copies == ["labels"]
    rows.loc[:20, "labels"] = "d"
    found = [one for one in audit(rows, outcome, LEAKS, parameters=parameters) if one.column == "labels"]
    assert [one.check for one in found] == ["single_feature"] and "'customer' is in it" in found[0].sentence


@pytest.mark.parametrize(
    "name",
    [
        "Stage", "StageName", "deal_stage", "Lead Status", "lead-status", "LeadStatus__c", "Tags", "Lead Quality",
        "NextStep", "Close Date", "close_date", "Lost Reason", "Days in Stage", "days_in_proposal_stage",
        "Probability (%)", "Forecast Category", "Last Activity", "LastActivityDate", "Last Notable Activity",
        "Asymmetrique Activity Index", "Asymmetrique Profile Score", "lead_score", "IsWon", "ステージ", "失注理由",
        "商談 失注理由", "リードステータス", "確度", "最終活動日", "ｽﾃｰｼﾞ", "滞留日数", "受注日", "タグ",
        "次のステップ", "ＳＴＡＧＥ", "elapsed_days_in_sales_stage", "Probability",
    ],
)  # fmt: skip
def test_names_of_columns_written_later_are_known(name: str) -> None:
    found = LeakColumns(LEAKS).find(name)
    assert found is not None and found.note


@pytest.mark.parametrize(
    "name",
    [
        "Lead Source", "Lead Origin", "TotalVisits", "Total Time Spent on Website", "Page Views Per Visit",
        "What is your current occupation", "City", "Country", "employees_count", "Industry",
        "Number of employees at last fiscal year", "percentage", "marital status", "funding stage", "growth_stage",
        "employment status", "credit rating", "heritage", "technologies", "industry_group", "revenue_usd",
        "founded_year", "technology_count", "country_code", "last fiscal year revenue", "last funding date",
        "従業員数", "業種", "売上高", "資本金", "都道府県", "成長ステージ", "最終学歴", "最終学年", "設立年月日",
        "受注残高", "Vintage", "Postage", "Quality certification", "first activity date", "intent_score",
        "number of offices",
    ],
)  # fmt: skip
def test_honest_names_are_not_refused(name: str) -> None:
    assert LeakColumns(LEAKS).find(name) is None


def test_japanese_headers_and_placeholders_are_understood(parameters: Parameters) -> None:
    rng = np.random.default_rng(4)
    outcome = rng.random(500) < 0.3
    rows = pd.DataFrame(
        {
            "業種": rng.choice(["製造業", "金融業", "不明"], 500),
            "失注理由": np.where(outcome, "", "価格"),
            "担当者メモ": np.where(outcome, "対応済み", "不明"),
        }
    )
    findings = audit(rows, outcome, LEAKS, parameters=parameters)
    assert [(one.column, one.check) for one in findings if one.refuses] == [
        ("失注理由", "name"),
        ("失注理由", "one_outcome"),
        ("担当者メモ", "one_outcome"),
    ]


def test_a_row_that_explains_a_column_lets_it_pass_but_not_into_the_future(parameters: Parameters) -> None:
    rows, converted = leads()
    more = pd.DataFrame(
        {
            "pattern": ["call length", "tags", "what is your current *"],
            "reason": "explained",
            "note": "asked by the form",
        }
    )
    findings = audit(rows, converted, pd.concat([LEAKS[LEAKS["pattern"] != "tags"], more]), parameters=parameters)
    assert refused(findings) == WRITTEN_LATER - {"Call length", "Tags"}
    assert not [one for one in findings if one.blocks]
    assert "asked by the form" in next(one.sentence for one in findings if one.column == "Call length")
    index = pd.Series(pd.Timestamp("2026-01-01"), index=range(ROWS))
    dated = pd.DataFrame({"enrolment date": rows["Enrolment date"]})
    explained = pd.DataFrame({"pattern": ["enrolment date"], "reason": "explained", "note": "-"})
    assert refused(audit(dated, converted, explained, index, parameters=parameters)) == {"enrolment date"}


def test_a_column_refused_by_name_blocks_nothing(parameters: Parameters) -> None:
    rows, converted = leads()
    findings = audit(rows[["Tags"]], converted, LEAKS, parameters=parameters)
    assert {one.check for one in findings} == {"name", "single_feature"} and not any(one.blocks for one in findings)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            {"pattern": ["x"], "reason": ["because"], "note": ["n"]},
            r"leak_columns\.csv, row pattern = x, column reason: 'because'",
        ),
        ({"pattern": ["*"], "reason": ["outcome"], "note": ["n"]}, r"would name every column"),
        ({"pattern": ["x"], "reason": ["outcome"], "note": [""]}, r"column note: empty"),
        ({"pattern": ["x"], "note": ["n"]}, r"reason"),
    ],
)
def test_a_wrong_row_of_leak_columns_is_named(rows: dict[str, list[str]], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        LeakColumns(pd.DataFrame(rows))


def test_another_number_of_outcomes_or_index_dates_is_an_error(parameters: Parameters) -> None:
    rows = pd.DataFrame({"a": [1, 2, 3]})
    with pytest.raises(InputError, match=r"outcome has 2 rows and the table 3"):
        audit(rows, np.array([True, False]), LEAKS, parameters=parameters)
    with pytest.raises(InputError, match=r"2 index dates for 3 rows"):
        audit(rows, np.array([True, False, True]), LEAKS, pd.Series([1, 2]), parameters=parameters)


@pytest.mark.parametrize(("auc", "count"), [(float("nan"), 0), (0.5, 0), (0.9, 0), (0.9001, 1), (1.0, 1)])
def test_columns_that_are_together_too_good_block(auc: float, count: int, parameters: Parameters) -> None:
    findings = together_too_good(auc, parameters)
    assert len(findings) == count and all(one.blocks and not one.refuses for one in findings)


def test_names_are_folded_into_words() -> None:
    assert fold_name("Days_In.Stage__c") == "days in stage"
    assert fold_name("ＭＱＬScore") == "mql score"


CELL = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.floats(), st.text(max_size=6), st.dates(), st.binary(max_size=3),
    st.lists(st.integers(), max_size=2), st.decimals(),
    st.sampled_from(["20261031", "1|2", "2026-13-45", "01-02-03", "1e400", "Select"]),
    st.just(pd.NaT), st.just(dt.time(1)), st.just(decimal.Decimal("NaN")),
)  # fmt: skip


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data(), size=st.integers(0, 12), copies=st.integers(1, 30))
def test_no_table_makes_it_stumble(parameters: Parameters, data: st.DataObject, size: int, copies: int) -> None:
    names = data.draw(st.lists(st.one_of(st.text(max_size=4), st.integers(), st.none()), min_size=1, max_size=3))
    cells = [data.draw(st.lists(CELL, min_size=size, max_size=size)) for _ in names]
    whole = pd.concat([pd.Series(column, dtype=object) for column in cells], axis=1) if size else pd.DataFrame(cells).T
    whole.columns = pd.Index(names, dtype=object)
    rows = pd.concat([whole] * copies)
    outcome = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)) * copies, dtype=bool)
    order = np.random.default_rng(0).permutation(len(rows))
    findings = audit(rows, outcome, LEAKS, parameters=parameters)
    assert audit(rows.iloc[order], outcome[order], LEAKS, parameters=parameters) == findings
    assert {one.column for one in findings} <= {str(name) for name in names}


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(pd.period_range("2026-01", periods=60, freq="M")),
        pd.Series(pd.to_timedelta(range(60), unit="h")),
        pd.Series(np.arange(60) + 1j),
        pd.Series(pd.Categorical(list("ab") * 30)),
        pd.Series(range(60), dtype="Int64"),
        pd.Series([True, None] * 30, dtype="boolean"),
        pd.Series(pd.interval_range(0, 60)),
        pd.Series([np.inf, -np.inf, np.nan] * 20),
        pd.Series(["x"] * 60, dtype="str"),
        pd.Series([2**63, 2**64 - 1] * 30, dtype="uint64"),
        pd.Series(pd.date_range("2026-01-01", periods=60, tz="Asia/Tokyo")),
    ],
    ids=lambda values: str(values.dtype),
)
def test_columns_of_any_type_are_read(values: pd.Series, parameters: Parameters) -> None:
    outcome = np.arange(60) % 4 == 0
    audit(pd.DataFrame({"a": values}), outcome, LEAKS, parameters=parameters)
