from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import InputError, Rules
from scoring.engagement import saturated, score
from scoring.parameters import Parameters
from scoring.results import ScoreResult

AS_OF = dt.date(2026, 6, 30)

Touch = tuple[str, str, str, str, int, int]  # account, person, role, type, days before AS_OF, count


def accounts(*names: str, **columns: object) -> pd.DataFrame:
    base = {
        "account_id": list(names),
        "profiled_contact_count": 1,
        "primary_domain": "x.example",
        "first_sqo_date": None,
    }
    return pd.DataFrame(base | columns)


def touches(rows: list[Touch]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["account_id", "person_key", "role", "touch_type", "age", "touch_count"])
    dates = pd.to_datetime([AS_OF - dt.timedelta(days=int(age)) for age in table.pop("age")])
    table = table.assign(activity_date=dates, touch_count=table["touch_count"].astype("int64"))
    return table.astype(dict.fromkeys(["account_id", "person_key", "role", "touch_type"], "str"))


def run(
    rules: Rules, parameters: Parameters, rows: list[Touch], table: pd.DataFrame | None = None, as_of: dt.date = AS_OF
) -> ScoreResult:
    known = accounts("a", "b") if table is None else table
    return score(known, touches(rows), rules.touch_types, rules.role_weights, parameters, as_of)


def raw(rules: Rules, parameters: Parameters, rows: list[Touch], as_of: dt.date = AS_OF) -> float:
    return float(run(rules, parameters, rows, as_of=as_of).scores["raw_engagement"].iloc[0])


def test_one_touch_by_hand(rules: Rules, parameters: Parameters) -> None:
    # pricing page 4, half-life 21 d, 42 days old: 1; decision maker 1.5; one role 0.7 + 0.1; one person 1
    result = run(rules, parameters, [("a", "p", "DM", "pricing_page", 42, 1)])
    assert result.scores["raw_engagement"].tolist() == pytest.approx([1.2, 0.0])
    # E50 = 20: 100 (1 - 2^(-1.2/20))
    assert result.scores["engagement_score"].tolist() == pytest.approx([4.0736, 0.0], abs=1e-4)
    assert result.scores["person_count"].tolist() == [1, 0]
    assert result.scores["role_count"].tolist() == [1, 0]


def test_several_persons_by_hand(rules: Rules, parameters: Parameters) -> None:
    rows: list[Touch] = [
        ("a", "p", "DM", "rfp_download", 0, 1),  # 10 x 1.5 = 15
        ("a", "q", "SEC", "audit_log_view", 45, 2),  # 6 x 1 = 6, x 1.2 = 7.2
        ("a", "r", "unknown", "page_view", 7, 10),  # min(3, 5) x 1 = 3, x 0.8 = 2.4
        ("a", "s", "NONE", "demo_request", 0, 1),  # outside the committee
    ]
    # 24.6 x (0.7 + 0.2) x (1 + 0.25 log2 3)
    assert raw(rules, parameters, rows) == pytest.approx(24.6 * 0.9 * (1 + 0.25 * np.log2(3)))


def test_the_score_is_half_at_e50_and_never_full() -> None:
    assert saturated(np.array([0.0, 20.0, 40.0, 400.0]), 20.0) == pytest.approx([0, 50, 75, 100 * (1 - 2**-20)])


def test_a_person_counts_three_touches_of_a_kind(rules: Rules, parameters: Parameters) -> None:
    three = raw(rules, parameters, [("a", "p", "DM", "pricing_page", 0, 3)])
    assert raw(rules, parameters, [("a", "p", "DM", "pricing_page", 0, 50)]) == three
    assert raw(rules, parameters, [("a", "p", "DM", "pricing_page", 0, 2)]) < three


def test_five_persons_with_one_view_beat_one_person_with_five(rules: Rules, parameters: Parameters) -> None:
    five = raw(rules, parameters, [("a", f"p{n}", "USER", "pricing_page", 0, 1) for n in range(5)])
    one = raw(rules, parameters, [("a", "p", "USER", "pricing_page", 0, 5)])
    assert five > one


def test_one_person_reaches_thirty_raw_points_at_most(rules: Rules, parameters: Parameters) -> None:
    rows: list[Touch] = [("a", "p", "EB", name, 0, 99) for name in rules.touch_types["touch_type"]]
    assert raw(rules, parameters, rows) == pytest.approx(25 * 1.5 * 0.8)


@pytest.mark.parametrize("name", ["email_open", "careers_page", "other", "ad_click"])
def test_worthless_touches_change_no_bit(rules: Rules, parameters: Parameters, name: str) -> None:
    rows: list[Touch] = [("a", "p", "DM", "rfp_download", 3, 1), ("b", "q", "USER", "page_view", 1, 1)]
    more: list[Touch] = [*rows, ("a", "p", "DM", name, 0, 9), ("a", "new", "EB", name, 0, 9)]
    one, other = run(rules, parameters, rows), run(rules, parameters, more)
    pd.testing.assert_frame_equal(one.scores, other.scores, check_exact=True)
    pd.testing.assert_frame_equal(one.reasons, other.reasons, check_exact=True)


@pytest.mark.parametrize(("name", "half_life"), [("page_view", 7), ("pricing_page", 21), ("rfp_download", 45)])
def test_a_touch_is_worth_exactly_half_after_its_half_life(
    rules: Rules, parameters: Parameters, name: str, half_life: int
) -> None:
    rows: list[Touch] = [("a", "p", "DM", name, 0, 1)]
    now = raw(rules, parameters, rows)
    assert raw(rules, parameters, rows, AS_OF + dt.timedelta(days=half_life)) == now / 2
    assert raw(rules, parameters, rows, AS_OF + dt.timedelta(days=2 * half_life)) == now / 4


def test_persons_not_seen_for_a_quarter_give_no_breadth(rules: Rules, parameters: Parameters) -> None:
    rows: list[Touch] = [("a", "p", "DM", "rfp_download", 0, 1), ("a", "q", "SEC", "rfp_download", 91, 1)]
    # 15 + 10 x 2^(-91/45) x 1.2, one person in one role
    assert raw(rules, parameters, rows) == pytest.approx((15 + 12 * 2 ** (-91 / 45)) * 0.8)


TYPES = ["email_open", "page_view", "pricing_page", "audit_log_view", "rfp_download", "demo_request", "never heard of"]
ROLES = ["EB", "DM", "SEC", "USER", "unknown", "NONE", "Chief Vibes"]
TOUCHES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from(["p", "q", "r", "s"]),
        st.just(""),
        st.sampled_from(TYPES),
        st.integers(0, 300),
        st.integers(1, 9),
    ),
    max_size=25,
)


def with_roles(rows: list[Touch], roles: list[str]) -> list[Touch]:
    of = dict(zip(["p", "q", "r", "s"], roles, strict=True))
    return [(row[0], row[1], of[row[1]], *row[3:]) for row in rows]


ROLE_LISTS = st.lists(st.sampled_from(ROLES), min_size=4, max_size=4)


@settings(max_examples=25, deadline=None)
@given(
    rows=TOUCHES,
    roles=ROLE_LISTS,
    extra=st.sampled_from(TYPES),
    person=st.sampled_from("pqrs"),
    age=st.integers(0, 300),
)
def test_the_score_is_monotone_in_every_touch(
    rules: Rules, parameters: Parameters, rows: list[Touch], roles: list[str], extra: str, person: str, age: int
) -> None:
    before = run(rules, parameters, with_roles(rows, roles)).scores["engagement_score"]
    more = with_roles([*rows, ("a", person, "", extra, age, 1)], roles)
    after = run(rules, parameters, more).scores["engagement_score"]
    assert after.iloc[0] >= before.iloc[0] - 1e-9
    assert after.iloc[1] == before.iloc[1]


@settings(max_examples=25, deadline=None)
@given(rows=TOUCHES, roles=ROLE_LISTS, seed=st.integers(0, 99))
def test_order_changes_no_bit_and_reasons_sum_to_the_score(
    rules: Rules, parameters: Parameters, rows: list[Touch], roles: list[str], seed: int
) -> None:
    rows = with_roles(rows, roles)
    order = np.random.default_rng(seed).permutation(len(rows))
    one, other = run(rules, parameters, rows), run(rules, parameters, [rows[at] for at in order])
    pd.testing.assert_frame_equal(one.scores, other.scores, check_exact=True)
    pd.testing.assert_frame_equal(one.reasons, other.reasons, check_exact=True)
    value = one.scores.set_index("account_id")["engagement_score"]
    assert value.between(0, 100).all()
    assert (one.reasons.groupby("account_id")["points"].sum() - value).abs().max() <= 1e-6


@settings(max_examples=15, deadline=None)
@given(rows=TOUCHES, roles=ROLE_LISTS, cut=st.integers(0, 25))
def test_splitting_a_day_into_several_rows_changes_nothing(
    rules: Rules, parameters: Parameters, rows: list[Touch], roles: list[str], cut: int
) -> None:
    rows = with_roles(rows, roles)
    split = [part for n, row in enumerate(rows) for part in ([row] if n < cut else [(*row[:5], 1)] * row[5])]
    one, other = run(rules, parameters, rows), run(rules, parameters, split)
    assert (one.scores["raw_engagement"] - other.scores["raw_engagement"]).abs().max() <= 1e-9


@settings(max_examples=15, deadline=None)
@given(rows=TOUCHES, roles=ROLE_LISTS)
def test_touches_of_the_future_change_no_bit(
    rules: Rules, parameters: Parameters, rows: list[Touch], roles: list[str]
) -> None:
    rows = with_roles(rows, roles)
    future: list[Touch] = [("a", "p", roles[0], "demo_request", -1, 1), ("b", "x", "EB", "rfp_download", -30, 2)]
    one, other = run(rules, parameters, rows), run(rules, parameters, rows + future)
    pd.testing.assert_frame_equal(one.scores, other.scores, check_exact=True)
    pd.testing.assert_frame_equal(one.reasons, other.reasons, check_exact=True)


@settings(max_examples=15, deadline=None)
@given(rows=TOUCHES, roles=ROLE_LISTS)
def test_a_person_whose_rows_are_gone_never_was_there(
    rules: Rules, parameters: Parameters, rows: list[Touch], roles: list[str]
) -> None:
    others = [row for row in with_roles(rows, roles) if row[1] != "p"]
    renamed = [("a", "someone else", "DM", "page_view", 3, 1), *others]
    one = run(rules, parameters, [*others, ("a", "p", "DM", "page_view", 3, 1)])
    pd.testing.assert_frame_equal(one.scores, run(rules, parameters, renamed).scores, check_exact=True)


def test_unheard_types_and_roles_count_as_other_and_unknown_and_are_reported(
    rules: Rules, parameters: Parameters
) -> None:
    result = run(
        rules, parameters, [("a", "p", "Chief Vibes", "rfp_download", 0, 1), ("a", "p", "EB", "smoke signal", 0, 1)]
    )
    # 10 x 0.8 (unknown) x 0.7 (no known role)
    assert result.scores["raw_engagement"].iloc[0] == pytest.approx(5.6)
    assert (
        "The touch type 'smoke signal' has no row in seeds/rules/touch_types.csv and counts as 'other'." in result.notes
    )
    assert "The role 'Chief Vibes' has no row in seeds/rules/role_weights.csv and counts as 'unknown'." in result.notes


def test_an_account_in_which_nobody_can_be_seen_is_null_and_a_silent_one_is_zero(
    rules: Rules, parameters: Parameters
) -> None:
    table = accounts("a", "b", "c", profiled_contact_count=[0, 0, 0], primary_domain=[None, "x.example", None])
    result = run(rules, parameters, [("c", "p", "DM", "email_open", 0, 1)], table)
    assert result.scores["engagement_score"].isna().tolist() == [True, False, False]
    assert result.scores["engagement_score"].tolist()[1:] == [0.0, 0.0]
    assert result.scores["missing_reason"].iloc[0].startswith("not observable")
    assert result.reasons["reason"].tolist() == ["missing", "none", "none"]


def sqo_accounts(count: int) -> tuple[pd.DataFrame, list[Touch]]:
    names = [f"q{n:02d}" for n in range(count)]
    table = accounts(*names, first_sqo_date=[AS_OF - dt.timedelta(days=10)] * count)
    # The eve of the SQO is 11 days ago; account n has a demo request 2 n days before it: 12 x 1.5 x 0.8 x 2^(-2n/45).
    rows: list[Touch] = [(name, f"{name}p", "DM", "demo_request", 11 + 2 * n, 1) for n, name in enumerate(names)]
    late: list[Touch] = [(name, f"{name}p", "DM", "demo_request", 10, 1) for name in names]
    return table, rows + late


def test_e50_is_the_median_on_the_eve_of_the_first_qualified_opportunity(rules: Rules, parameters: Parameters) -> None:
    table, rows = sqo_accounts(11)
    result = run(rules, parameters, rows, table)
    # Demo requests 0, 2, ... 20 days before: the median is that of 10 days. Touches of the day itself do not count.
    assert result.facts["engagement_e50"] == pytest.approx(12 * 1.5 * 0.8 * 2 ** (-10 / 45))
    assert result.facts["engagement_e50_accounts"] == 11


def test_touches_long_before_the_opportunity_are_not_its_eve(rules: Rules, parameters: Parameters) -> None:
    table, rows = sqo_accounts(11)
    long_past = [(*row[:4], row[4] + 50, row[5]) for row in rows]
    assert run(rules, parameters, long_past, table).facts["engagement_e50_accounts"] == 0


def test_e50_stays_within_a_factor_of_the_rule(rules: Rules, parameters: Parameters) -> None:
    table, rows = sqo_accounts(11)
    faint = [(*row[:3], "page_view", *row[4:]) for row in rows]
    result = run(rules, parameters, faint, table)
    assert result.facts["engagement_e50"] == parameters.engagement_e50_default / 4
    assert "is 0.4" in result.notes[-1]  # 1.5 x 0.8 x 2^(-10/7) = 0.446


def test_too_few_qualified_accounts_leave_the_rule_default(rules: Rules, parameters: Parameters) -> None:
    table, rows = sqo_accounts(9)
    result = run(rules, parameters, rows, table)
    assert result.facts["engagement_e50"] == parameters.engagement_e50_default
    assert (
        "9 accounts were engaged in the month before their first qualified opportunity; 10 are needed"
        in result.notes[-1]
    )


def test_reasons_name_touches_and_numbers_and_never_persons(rules: Rules, parameters: Parameters) -> None:
    rows: list[Touch] = [
        ("a", "con_taro@example.com", "DM", "pricing_page", 1, 2),
        ("a", "visitor:99", "USER", "pricing_page", 4, 1),
    ]
    reasons = run(rules, parameters, rows).reasons
    said = reasons.set_index("reason")
    assert said.loc["touch:pricing_page", "text_en"] == "Pricing page view by 2 people, latest 2026-06-29"
    assert said.loc["touch:pricing_page", "text_ja"] == "料金ページの閲覧（2名、直近 2026-06-29）"
    assert said.loc["breadth", "text_en"] == "2 people active, in 2 known roles"
    assert (
        not reasons[["text_en", "text_ja", "reason"]]
        .apply(lambda text: text.str.contains("taro|visitor"))
        .any(axis=None)
    )


@pytest.mark.parametrize("count", [-1, np.nan])
def test_an_impossible_count_is_refused(rules: Rules, parameters: Parameters, count: float) -> None:
    table = touches([("a", "p", "DM", "page_view", 0, 1)]).assign(touch_count=count)
    with pytest.raises(InputError, match="fct_touch_days, column touch_count"):
        score(accounts("a"), table, rules.touch_types, rules.role_weights, parameters, AS_OF)


def test_no_touches_and_no_accounts_give_empty_tables(rules: Rules, parameters: Parameters) -> None:
    result = run(rules, parameters, [], accounts("a").iloc[:0])
    assert len(result.scores) == len(result.reasons) == 0
