from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import InputError, Rules
from scoring.intent import score, surge_share, variance_factor
from scoring.intent_states import from_scratch
from scoring.parameters import Parameters
from scoring.results import ScoreResult

AS_OF = dt.date(2026, 6, 30)
# Every day alike: expected sums can then be worked out on paper.
FLAT = pd.DataFrame(
    [
        ("weekday", name, 1.0, "")
        for name in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    ],
    columns=["kind", "key", "factor", "country"],
)

Visit = tuple[str, str, int, int]  # account, topic, days before AS_OF, persons


def accounts(persons: dict[str, int], tracked: int | None = 500, trackable: bool = True) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": list(persons),
            "country_code": "JP",
            "intent_person_count_28d": list(persons.values()),
            "is_intent_trackable": trackable,
            "intent_tracked_days": tracked,
        }
    )


def visits(rows: list[Visit]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": pd.Series([row[0] for row in rows], dtype="str"),
            "topic": pd.Series([row[1] for row in rows], dtype="str"),
            "activity_date": pd.to_datetime([AS_OF - dt.timedelta(days=row[2]) for row in rows]),
            "person_count": pd.Series([row[3] for row in rows], dtype="int64"),
        }
    )


def vendor(rows: list[tuple[str, str, int, float]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": pd.Series([row[0] for row in rows], dtype="str"),
            "vendor": pd.Series(["v"] * len(rows), dtype="str"),
            "topic": pd.Series([row[1] for row in rows], dtype="str"),
            "week_start_date": pd.to_datetime([AS_OF - dt.timedelta(days=row[2]) for row in rows]),
            "surge_score": pd.Series([row[3] for row in rows], dtype="float64"),
        }
    )


def run(
    rules: Rules,
    parameters: Parameters,
    table: pd.DataFrame,
    rows: list[Visit],
    surges: list[tuple[str, str, int, float]] | None = None,
    calendar: pd.DataFrame = FLAT,
    as_of: dt.date = AS_OF,
) -> ScoreResult:
    return score(table, visits(rows), vendor(surges or []), rules.intent_topics, calendar, parameters, as_of)


def only(result: ScoreResult) -> pd.Series:
    return result.scores.iloc[0]


# (R, mu, persons) -> intent; kappa 3, theta 1.25, half-life 14, dispersion 1
@pytest.mark.parametrize(
    ("recent", "expected", "persons", "probability", "intent"),
    [
        (10, 5, 3, 0.9300, 90.31),
        (2, 0.5, 2, 0.7543, 44.01),
        (1, 0, 1, 0.6691, 18.08),
        (5, 4, 3, 0.3825, 14.58),
        (30, 28, 9, 0.0948, 0.0),
        (0, 0, 0, 0.2771, 0.0),
    ],
)
def test_published_values_of_the_formula(
    parameters: Parameters, recent: float, expected: float, persons: int, probability: float, intent: float
) -> None:
    share = surge_share(
        np.array([float(recent)]), np.array([float(expected)]), np.array([variance_factor(14)]), 1, parameters
    )
    assert 100 * share[0] * min(1, persons / 3) == pytest.approx(intent, abs=0.005)
    if share[0] > 0:  # P = P0 + share (1 - P0), P0 = 0.2771
        assert 0.2771 + share[0] * (1 - 0.2771) == pytest.approx(probability, abs=1e-4)


def test_the_variance_factor_of_fourteen_days() -> None:
    assert variance_factor(14) == pytest.approx(0.5124, abs=5e-5)


def test_a_fresh_visit_to_a_silent_account_scores_eighteen(rules: Rules, parameters: Parameters) -> None:
    # R = 1, mu = 0 after a full silent history, one person: the third fixture, by way of the tables.
    result = run(rules, parameters, accounts({"a": 1, "b": 0}), [("a", "siem", 0, 1)])
    assert result.scores["intent_score"].tolist() == pytest.approx([18.0777, 0.0], abs=1e-4)
    assert result.scores["top_topics"].tolist()[0] == "siem"
    assert result.scores["top_topics"].isna().tolist() == [False, True]


def test_research_at_its_usual_level_is_no_intent(rules: Rules, parameters: Parameters) -> None:
    result = run(rules, parameters, accounts({"a": 9}), [("a", "siem", age, 1) for age in range(500)])
    # R tends to 1/(1 - 2^(-1/14)) = 20.70 and so does the expectation.
    assert only(result)["intent_score"] == 0.0
    assert only(result)["surge_ratio"] == pytest.approx(1.0, abs=0.001)


def test_twice_the_usual_research_is_intent(rules: Rules, parameters: Parameters) -> None:
    rows: list[Visit] = [("a", "siem", age, 2 if age < 21 else 1) for age in range(500)]
    result = run(rules, parameters, accounts({"a": 9}), rows)
    assert only(result)["intent_score"] > 60


def test_the_sums_in_the_score_are_those_of_the_incremental_state(rules: Rules, parameters: Parameters) -> None:
    rng = np.random.default_rng(5)
    rows = [
        ("a", "siem", int(age), int(n))
        for age, n in zip(rng.permutation(300)[:90], rng.integers(1, 4, 90), strict=True)
    ]
    state = from_scratch(visits(rows), AS_OF, 14, 60, 21).sums.iloc[0]
    ages = np.arange(500)
    exposure = (2.0 ** (-ages / 14)).sum()
    baseline_exposure = (2.0 ** (-ages[: 500 - 21] / 60)).sum()
    expected = state["baseline"] / baseline_exposure * exposure
    v = variance_factor(14)
    ratio = (3 + state["recent"] / v) / (3 + expected / v)
    assert only(run(rules, parameters, accounts({"a": 3}), rows))["surge_ratio"] == pytest.approx(ratio, abs=1e-9)


def test_topics_weigh_by_their_group(rules: Rules, parameters: Parameters) -> None:
    result = run(
        rules,
        parameters,
        accounts({"core": 3, "adjacent": 3, "generic": 3}),
        [("core", "siem", 0, 3), ("adjacent", "zero trust", 0, 3), ("generic", "cloud migration", 0, 3)],
    )
    by_account = result.scores.set_index("account_id")
    v = variance_factor(14)
    # R = 3 w, no expectation: rho = (3 + 3 w / v) / 3
    for name, weight in (("core", 1.0), ("adjacent", 0.5), ("generic", 0.2)):
        assert by_account.loc[name, "surge_ratio"] == pytest.approx((3 + 3 * weight / v) / 3)
    # With one weight only, w cancels in R/(v_corrected): v_corrected = v w. The evidence is that of 3 person-days.
    assert by_account["intent_score"].nunique() == 1


def test_a_topic_without_a_weight_counts_nothing_and_is_reported(rules: Rules, parameters: Parameters) -> None:
    result = run(rules, parameters, accounts({"a": 3}), [("a", "gardening", 0, 3), ("a", "gardening", 2, 1)])
    assert only(result)["intent_score"] == 0.0
    assert result.notes == (
        "Topic 'gardening' has no row in seeds/rules/intent_topics.csv: 4 person-days counted with weight 0.",
    )


def test_topics_are_compared_by_their_folded_name(rules: Rules, parameters: Parameters) -> None:
    result = run(rules, parameters, accounts({"a": 1}), [("a", "ＳＩＥＭ ", 0, 1)])
    assert only(result)["intent_score"] == pytest.approx(18.0777, abs=1e-4)
    assert result.notes == ()


@pytest.mark.parametrize("table", [accounts({"a": 5}, trackable=False), accounts({"a": 5}, tracked=None)])
def test_an_account_that_cannot_be_tracked_is_null_with_a_reason(
    rules: Rules, parameters: Parameters, table: pd.DataFrame
) -> None:
    row = only(result := run(rules, parameters, table, [("a", "siem", 0, 3)]))
    assert np.isnan(row["intent_score"])
    assert np.isnan(row["surge_ratio"])
    assert row["missing_reason"].startswith("not trackable")
    assert result.reasons["reason"].tolist() == ["missing"]


@pytest.mark.parametrize(("tracked", "is_low"), [(0, True), (27, True), (28, False), (500, False)])
def test_a_short_history_has_a_value_and_low_confidence(
    rules: Rules, parameters: Parameters, tracked: int, is_low: bool
) -> None:
    row = only(run(rules, parameters, accounts({"a": 1}, tracked=tracked), []))
    assert row["is_low_confidence"] == is_low
    assert row["intent_score"] == 0.0


def test_a_short_history_is_filled_with_the_panel_mean(rules: Rules, parameters: Parameters) -> None:
    old: list[Visit] = [(f"old{n}", "siem", age, 1) for n in range(4) for age in range(500)]
    young: list[Visit] = [("young", "siem", age, 1) for age in range(10)]
    table = pd.concat([accounts({f"old{n}": 1 for n in range(4)}), accounts({"young": 3}, tracked=10)])
    row = run(rules, parameters, table, old + young).scores.set_index("account_id").loc["young"]
    # Panel mean 1 a day (old accounts), own baseline empty: mu = ER(10) = R, so the ratio is 1.
    assert row["surge_ratio"] == pytest.approx(1.0, abs=1e-9)
    assert row["intent_score"] == 0.0


def test_a_mature_baseline_is_not_pulled_to_the_panel(rules: Rules, parameters: Parameters) -> None:
    busy: list[Visit] = [(f"busy{n}", "siem", age, 5) for n in range(4) for age in range(500)]
    table = accounts({f"busy{n}": 5 for n in range(4)} | {"quiet": 1})
    alone = run(rules, parameters, accounts({"quiet": 1}), [("quiet", "siem", 0, 1)]).scores
    amid = run(rules, parameters, table, [*busy, ("quiet", "siem", 0, 1)]).scores.set_index("account_id")
    assert amid.loc["quiet", "intent_score"] == pytest.approx(float(alone["intent_score"].iloc[0]), abs=1e-9)


def test_a_quiet_holiday_week_is_not_taken_for_falling_interest(rules: Rules, parameters: Parameters) -> None:
    calendar = pd.concat([FLAT, pd.DataFrame([("date_range", "06-17..06-30", 0.1, "")], columns=FLAT.columns)])
    rows: list[Visit] = [("a", "siem", age, 1) for age in range(14, 500)] + [("a", "siem", age, 1) for age in (3, 9)]
    with_calendar = only(run(rules, parameters, accounts({"a": 5}), rows, calendar=calendar))
    without = only(run(rules, parameters, accounts({"a": 5}), rows))
    assert with_calendar["surge_ratio"] == pytest.approx(1.0, abs=0.05)
    assert without["surge_ratio"] < 0.7


VISITS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["siem", "zero trust", "cloud migration"]),
        st.integers(0, 200),
        st.integers(1, 6),
    ),
    max_size=30,
)


@settings(max_examples=25, deadline=None)
@given(rows=VISITS, tracked=st.integers(0, 300))
def test_one_person_never_exceeds_a_third_however_busy(
    rules: Rules, parameters: Parameters, rows: list[Visit], tracked: int
) -> None:
    rows = [(*row[:3], 1) for row in rows]
    result = run(rules, parameters, accounts({"a": 1, "b": 1, "c": 1}, tracked=tracked), rows)
    assert result.scores["intent_score"].between(0, 100 / 3 + 1e-9).all()


@settings(max_examples=25, deadline=None)
@given(rows=VISITS, tracked=st.integers(0, 300), surge=st.floats(0, 100))
def test_scores_stay_in_range_and_reasons_sum_to_them(
    rules: Rules, parameters: Parameters, rows: list[Visit], tracked: int, surge: float
) -> None:
    table = accounts({"a": 4, "b": 0, "c": 2}, tracked=tracked)
    result = run(rules, parameters, table, rows, [("a", "siem", 3, surge), ("c", "zero trust", 2, 90.0)])
    value = result.scores.set_index("account_id")["intent_score"]
    assert value.between(0, 100).all()
    assert result.scores["intent_level"].between(0, 1).all()
    assert (result.reasons.groupby("account_id")["points"].sum() - value).abs().max() <= 1e-6


@settings(max_examples=15, deadline=None)
@given(
    rows=VISITS,
    future=st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.just("siem"), st.integers(-60, -1), st.integers(1, 9)), max_size=5
    ),
)
def test_rows_of_the_future_change_no_bit(
    rules: Rules, parameters: Parameters, rows: list[Visit], future: list[Visit]
) -> None:
    table = accounts({"a": 4, "b": 1, "c": 2})
    surges = [("a", "siem", 3, 80.0)]
    one = run(rules, parameters, table, rows, surges)
    other = run(rules, parameters, table, rows + future, [*surges, ("b", "siem", -2, 99.0)])
    pd.testing.assert_frame_equal(one.scores, other.scores, check_exact=True)
    pd.testing.assert_frame_equal(one.reasons, other.reasons, check_exact=True)


@settings(max_examples=15, deadline=None)
@given(rows=VISITS, seed=st.integers(0, 99))
def test_order_of_rows_and_accounts_changes_no_bit(
    rules: Rules, parameters: Parameters, rows: list[Visit], seed: int
) -> None:
    table = accounts({"a": 4, "b": 1, "c": 2})
    order = np.random.default_rng(seed).permutation(len(rows))
    one = run(rules, parameters, table, rows)
    other = run(rules, parameters, table.sample(frac=1, random_state=seed), [rows[at] for at in order])
    pd.testing.assert_frame_equal(one.scores, other.scores, check_exact=True)
    pd.testing.assert_frame_equal(one.reasons, other.reasons, check_exact=True)


@settings(max_examples=25, deadline=None)
@given(rows=VISITS, age=st.integers(0, 20), persons=st.integers(1, 4))
def test_more_recent_research_never_lowers_the_score(
    rules: Rules, parameters: Parameters, rows: list[Visit], age: int, persons: int
) -> None:
    # Equal topics: with unequal weights a light topic also adds variance, and the claim holds for the ratio only.
    rows = [(row[0], "siem", *row[2:]) for row in rows]
    table = accounts({"a": 4, "b": 1, "c": 2})
    before = run(rules, parameters, table, rows).scores["intent_score"]
    after = run(rules, parameters, table, [*rows, ("a", "siem", age, persons)]).scores["intent_score"]
    assert after.iloc[0] >= before.iloc[0] - 1e-9


def test_unresearched_accounts_decay_by_themselves(rules: Rules, parameters: Parameters) -> None:
    rows: list[Visit] = [("a", "siem", age, 3) for age in range(5)]
    table = accounts({"a": 3})
    scores = [
        only(run(rules, parameters, table, rows, as_of=AS_OF + dt.timedelta(days=late)))["intent_score"]
        for late in (0, 10, 20, 40)
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 80 > 20 > scores[-1]


def test_reasons_speak_of_person_days_and_persons(rules: Rules, parameters: Parameters) -> None:
    result = run(rules, parameters, accounts({"a": 2}), [("a", "siem", age, 1) for age in (0, 1, 2, 27, 28)])
    reasons = result.reasons.set_index("reason")
    assert reasons.loc["topic:siem", "text_en"] == "Researched 'siem' on 4 person-days in the last 28 days"
    assert reasons.loc["topic:siem", "text_ja"] == "直近28日間に「siem」を延べ4人日調査"
    assert reasons.loc["persons", "text_en"] == "Only 2 people researched in the last 28 days"
    # The gate takes a third of what two of three persons leave.
    assert reasons.loc["persons", "points"] == pytest.approx(-reasons.loc["topic:siem", "points"] / 3)


@pytest.mark.parametrize(
    ("rows", "said"),
    [([], "No research seen in the last 28 days"), ([("a", "siem", age, 1) for age in range(500)], "usual level")],
)
def test_a_score_of_zero_has_a_reason(rules: Rules, parameters: Parameters, rows: list[Visit], said: str) -> None:
    result = run(rules, parameters, accounts({"a": 5 if rows else 0}), rows)
    assert said in result.reasons["text_en"].iloc[0]


@pytest.mark.parametrize("count", [-1, np.nan, 1.5])
def test_an_impossible_person_count_is_refused(rules: Rules, parameters: Parameters, count: float) -> None:
    rows = visits([("a", "siem", 0, 1)]).assign(person_count=count)
    with pytest.raises(InputError, match="fct_intent_days, column person_count"):
        score(accounts({"a": 1}), rows, vendor([]), rules.intent_topics, FLAT, parameters, AS_OF)


def test_accounts_that_are_not_scored_change_nothing(rules: Rules, parameters: Parameters) -> None:
    one = run(rules, parameters, accounts({"a": 2}), [("a", "siem", 0, 1)])
    other = run(rules, parameters, accounts({"a": 2}), [("a", "siem", 0, 1), ("prospect", "siem", 0, 9)])
    pd.testing.assert_frame_equal(one.scores, other.scores, check_exact=True)


def test_no_accounts_and_no_rows_give_empty_tables(rules: Rules, parameters: Parameters) -> None:
    result = run(rules, parameters, accounts({"a": 1}).iloc[:0], [])
    assert len(result.scores) == len(result.reasons) == 0


def test_a_panel_that_is_noisier_than_poisson_needs_more_evidence(rules: Rules, parameters: Parameters) -> None:
    rng = np.random.default_rng(8)
    names = [f"acc_{n:03d}" for n in range(120)]
    calm: list[Visit] = [(name, "siem", int(age), 1) for name in names for age in np.flatnonzero(rng.random(300) < 0.3)]
    # The same amount of research, in clumps of eight persons.
    clumps: list[Visit] = [
        (name, "siem", int(age), 8) for name in names for age in np.flatnonzero(rng.random(300) < 0.3 / 8)
    ]
    table = accounts(dict.fromkeys(names, 3), tracked=300)
    assert run(rules, parameters, table, calm).facts["intent_dispersion"] < 1.3
    assert run(rules, parameters, table, clumps).facts["intent_dispersion"] > 3
