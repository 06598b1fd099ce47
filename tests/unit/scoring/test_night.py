from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

import scoring
from scoring import COLUMNS, Marts, Night, Rules

AS_OF = dt.date(2026, 6, 30)
SIZE = 120
VALUES = {
    "fit": "fit_points",
    "intent": "intent_score",
    "engagement": "engagement_score",
    "composite": "composite_score",
}


def marts(seed: int = 0, size: int = SIZE) -> Marts:
    rng = np.random.default_rng(seed)
    names = np.array([f"acc_{n:03d}" for n in range(size)])
    today = np.datetime64(AS_OF)
    never = np.datetime64("NaT")

    def dates(share: float, longest: int) -> np.ndarray:
        return np.where(rng.random(size) < share, today - rng.integers(1, longest, size), never)

    account_360 = pd.DataFrame(
        {
            "account_id": names,
            "employees_count": np.where(rng.random(size) < 0.6, rng.integers(1, 30_000, size), np.nan),
            "revenue_usd": np.where(rng.random(size) < 0.5, rng.uniform(1e5, 5e9, size), np.nan),
            "industry_group": rng.choice(["financial services", "manufacturing", "retail & consumer", None], size),
            "country_code": rng.choice(["JP", "US", None], size),
            "technologies": rng.choice(["Some SSO|Some ERP", "Some SIEM", None], size),
            "first_worked_date": dates(0.5, 500),
            "first_won_date": dates(0.1, 300),
            "first_sqo_date": dates(0.1, 300),
            "is_customer": rng.random(size) < 0.1,
            "has_open_opportunity": rng.random(size) < 0.1,
            "intent_person_count_28d": rng.integers(0, 6, size),
            "is_intent_trackable": rng.random(size) < 0.8,
            "intent_tracked_days": rng.integers(1, 400, size),
            "profiled_contact_count": rng.integers(0, 4, size),
            "primary_domain": rng.choice(["x.example", None], size),
        }
    )
    topics = ["siem", "zero trust", "cloud migration", "gardening"]
    types = ["email_open", "page_view", "pricing_page", "rfp_download", "demo_request"]
    many, touched = 3000, 1500
    intent_days = pd.DataFrame(
        {
            "account_id": rng.choice(names, many),
            "topic": rng.choice(topics, many),
            "activity_date": today - rng.integers(0, 400, many),
            "person_count": rng.integers(1, 4, many),
        }
    ).drop_duplicates(["account_id", "topic", "activity_date"])
    person = rng.integers(0, 4, touched)
    touch_days = pd.DataFrame(
        {
            "account_id": rng.choice(names, touched),
            "person_key": [f"p{n}" for n in person],
            "role": np.array(["DM", "SEC", "USER", "unknown"])[person],
            "touch_type": rng.choice(types, touched),
            "activity_date": today - rng.integers(0, 300, touched),
            "touch_count": rng.integers(1, 4, touched),
        }
    )
    vendor = pd.DataFrame(
        {
            "account_id": names[:30],
            "vendor": "v",
            "topic": "siem",
            "week_start_date": today - np.timedelta64(4, "D"),
            "surge_score": rng.uniform(30, 100, 30),
        }
    )
    return Marts(account_360, intent_days, vendor, touch_days)


@pytest.fixture(scope="module")
def night(rules: Rules) -> Night:
    return scoring.score(marts(), rules, AS_OF)


def same(one: Night, other: Night) -> None:
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name], check_exact=True)


def test_every_table_has_its_columns_and_one_row_per_account(night: Night) -> None:
    for name, table in night.tables.items():
        assert list(table.columns) == list(COLUMNS[name])
        if name == "fit_shadow_scores":
            assert table.empty  # there is no model that could speak
        elif name != "score_reasons":
            assert table["account_id"].tolist() == [f"acc_{n:03d}" for n in range(SIZE)]
    assert list(night.new_reference.columns) == list(COLUMNS["reference_population"])


@pytest.mark.parametrize(("score", "column"), VALUES.items())
def test_points_sum_to_every_score(night: Night, score: str, column: str) -> None:
    reasons = night.tables["score_reasons"]
    sums = reasons[reasons["score"] == score].groupby("account_id")["points"].sum()
    values = night.tables[f"{score}_scores"].set_index("account_id")[column]
    assert len(sums) == SIZE
    assert (sums - values).abs().max() <= 1e-6
    assert values.dropna().between(0, 100).all()
    assert (sums[values.isna()] == 0).all()


def test_every_account_and_score_has_a_reason_in_both_languages(night: Night) -> None:
    reasons = night.tables["score_reasons"]
    assert not reasons[["text_en", "text_ja"]].isna().any(axis=None)
    assert reasons[["text_en", "text_ja"]].apply(lambda text: text.str.len().max()).max() <= 255
    assert not reasons.duplicated(["account_id", "score", "rank"]).any()
    assert not reasons.duplicated(["account_id", "score", "reason"]).any()
    assert reasons["text_ja"].str.contains("[ぁ-んァ-ン一-龥]").mean() > 0.95


def test_null_scores_carry_a_reason_and_others_none(night: Night) -> None:
    for name in ("fit", "intent", "engagement"):
        table = night.tables[f"{name}_scores"]
        assert (table[VALUES[name]].isna() == table["missing_reason"].notna()).all()
    assert night.tables["intent_scores"]["intent_score"].isna().any()


def test_row_order_of_every_input_changes_no_bit(night: Night, rules: Rules) -> None:
    def shuffled(tables: object) -> dict[str, pd.DataFrame]:
        return {
            field.name: getattr(tables, field.name).sample(frac=1, random_state=7)
            for field in dataclasses.fields(tables)
        }

    same(night, scoring.score(Marts(**shuffled(marts())), Rules(**shuffled(rules)), AS_OF))


def test_rows_of_the_future_change_no_bit(night: Night, rules: Rules) -> None:
    known = marts()
    later = marts(seed=1)
    shift = np.timedelta64(500, "D")
    future = Marts(
        known.account_360,
        pd.concat(
            [
                known.fct_intent_days,
                later.fct_intent_days.assign(activity_date=later.fct_intent_days["activity_date"] + shift),
            ]
        ),
        pd.concat([known.fct_vendor_surge, later.fct_vendor_surge.assign(week_start_date=np.datetime64(AS_OF) + 1)]),
        pd.concat(
            [
                known.fct_touch_days,
                later.fct_touch_days.assign(activity_date=later.fct_touch_days["activity_date"] + shift),
            ]
        ),
    )
    same(night, scoring.score(future, rules, AS_OF))


def test_a_night_that_is_run_again_with_its_own_history_gives_the_same_tables(night: Night, rules: Rules) -> None:
    again = scoring.score(marts(), rules, AS_OF, night.tables["tiers"], night.new_reference)
    same(night, again)
    assert len(again.new_reference) == 0


def test_the_population_stays_frozen_within_a_quarter_and_is_renewed_in_the_next(night: Night, rules: Rules) -> None:
    early = AS_OF - dt.timedelta(days=40)
    first = scoring.score(marts(), rules, early)
    second = scoring.score(marts(), rules, AS_OF, first.tables["tiers"], first.new_reference)
    assert len(second.new_reference) == 0
    third = scoring.score(marts(), rules, AS_OF + dt.timedelta(days=1), None, first.new_reference)
    assert third.new_reference["reference_version"].unique().tolist() == ["2026Q3"]
    assert first.new_reference["reference_version"].unique().tolist() == ["2026Q2"]


def test_a_source_that_joins_in_mid_quarter_gets_its_population_then(rules: Rules) -> None:
    known = marts()
    silent = dataclasses.replace(known, account_360=known.account_360.assign(is_intent_trackable=False))
    before = scoring.score(silent, rules, AS_OF - dt.timedelta(days=20))
    assert set(before.new_reference["score"]) == {"fit", "engagement"}
    after = scoring.score(known, rules, AS_OF, None, before.new_reference)
    assert after.new_reference["score"].unique().tolist() == ["intent"]
    assert after.tables["composite_scores"]["intent_reference_share"].notna().any()


def test_tiers_of_the_night_before_are_taken_up(night: Night, rules: Rules) -> None:
    tomorrow = scoring.score(marts(), rules, AS_OF + dt.timedelta(days=1), night.tables["tiers"], night.new_reference)
    assert tomorrow.tables["tiers"]["tier"].tolist() == night.tables["tiers"]["tier"].tolist()
    assert tomorrow.facts["tier_evaluated"] == 0


def test_topics_without_a_rule_are_in_the_notes(night: Night) -> None:
    assert any("Topic 'gardening' has no row" in note for note in night.notes)


def test_one_account_alone_and_none_at_all_can_be_scored(rules: Rules) -> None:
    known = marts()
    one = scoring.score(dataclasses.replace(known, account_360=known.account_360.iloc[:1]), rules, AS_OF)
    assert one.tables["tiers"]["tier"].tolist() == ["Tier 1"]
    none = scoring.score(Marts(*(table.iloc[:0] for table in vars(known).values())), rules, AS_OF)
    assert all(len(table) == 0 for table in none.tables.values())


def test_a_wrong_rule_stops_before_any_table_is_read(rules: Rules) -> None:
    broken = dataclasses.replace(rules, tiers=rules.tiers.assign(slots=-1))
    nothing = pd.DataFrame()
    with pytest.raises(scoring.RuleError, match=r"seeds/rules/tiers.csv"):
        scoring.score(Marts(nothing, nothing, nothing, nothing), broken, AS_OF)


def test_a_missing_column_of_a_mart_is_named(rules: Rules) -> None:
    known = marts()
    without = dataclasses.replace(known, fct_touch_days=known.fct_touch_days.drop(columns="role"))
    with pytest.raises(scoring.InputError, match="fct_touch_days: columns role are missing"):
        scoring.score(without, rules, AS_OF)
