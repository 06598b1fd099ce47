"""Promises of whole nights, over the public entry; those of one score are asserted beside its module."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scoring
from scoring import Marts, Night, Rules
from tests.unit.scoring.test_night import AS_OF, marts, same

PERSON = "someone who occurs in no other row"
TYPES = ("email_open", "page_view", "pricing_page", "rfp_download", "demo_request", "webinar_attended")


@pytest.fixture(scope="module")
def known() -> Marts:
    return marts(seed=5, size=60)


@pytest.fixture(scope="module")
def night(rules: Rules, known: Marts) -> Night:
    return scoring.score(known, rules, AS_OF)


def with_touches(known: Marts, rows: list[tuple[str, str, str, str, int, int]]) -> Marts:
    """The world with more rows of account, person, role, type, days ago, count."""
    table = pd.DataFrame(rows, columns=["account_id", "person_key", "role", "touch_type", "age", "touch_count"])
    table["activity_date"] = np.datetime64(AS_OF) - table.pop("age").to_numpy().astype("timedelta64[D]")
    return dataclasses.replace(known, fct_touch_days=pd.concat([known.fct_touch_days, table], ignore_index=True))


def test_opportunities_of_the_future_change_no_bit(rules: Rules, known: Marts, night: Night) -> None:
    later = pd.Timestamp(AS_OF) + pd.to_timedelta(np.arange(1, 1 + len(known.account_360)), unit="D")
    columns = ("first_worked_date", "first_sqo_date", "first_won_date")
    # An outcome that is not there yet is one that lies ahead.
    future = known.account_360.assign(
        **{name: known.account_360[name].where(known.account_360[name].notna(), later) for name in columns}
    )
    same(night, scoring.score(dataclasses.replace(known, account_360=future), rules, AS_OF))


def test_scoring_yesterday_again_with_all_that_was_written_since_changes_no_bit(rules: Rules, known: Marts) -> None:
    tier_rows: list[pd.DataFrame] = []
    reference: list[pd.DataFrame] = []
    nights: dict[dt.date, Night] = {}
    # Over the turn of a quarter, so that a population is frozen in between.
    days = [AS_OF + dt.timedelta(days=7 * week - 21) for week in range(6)]
    for day in days:
        history = pd.concat(tier_rows) if tier_rows else None
        nights[day] = scoring.score(known, rules, day, history, pd.concat(reference) if reference else None)
        tier_rows.append(nights[day].tables["tiers"])
        reference.append(nights[day].new_reference)
    for day in days[1:]:
        again = scoring.score(known, rules, day, pd.concat(tier_rows), pd.concat(reference))
        same(nights[day], again)


@settings(max_examples=12, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from(TYPES), st.integers(0, 300), st.integers(1, 50)), min_size=1, max_size=12, unique=True
    ),
    role=st.sampled_from(["EB", "DM", "CH", "SEC", "USER", "unknown"]),
)
def test_one_person_alone_never_makes_an_account_engaged(
    rules: Rules, known: Marts, rows: list[tuple[str, int, int]], role: str
) -> None:
    quiet = dataclasses.replace(known, fct_touch_days=known.fct_touch_days.iloc[:0])
    busy = with_touches(quiet, [("acc_000", PERSON, role, name, age, count) for name, age, count in rows])
    table = scoring.score(busy, rules, AS_OF).tables["engagement_scores"]
    # 25 points x 1.5 of the strongest role x 0.8 of one known role.
    assert table["raw_engagement"].iloc[0] <= 30 + 1e-9


def test_one_person_on_every_topic_every_day_is_no_surge(rules: Rules, known: Marts) -> None:
    topics = rules.intent_topics["topic"].tolist()
    days = pd.date_range(end=AS_OF, periods=90).to_numpy()
    alone = pd.DataFrame(
        {
            "account_id": "acc_001",
            "topic": np.repeat(topics, len(days)),
            "activity_date": np.tile(days, len(topics)),
            "person_count": 1,
        }
    )
    accounts = known.account_360.assign(intent_person_count_28d=1, is_intent_trackable=True, intent_tracked_days=400)
    others = known.fct_intent_days[known.fct_intent_days["account_id"] != "acc_001"]
    loud = dataclasses.replace(
        known,
        account_360=accounts,
        fct_intent_days=pd.concat([others, alone], ignore_index=True),
        fct_vendor_surge=known.fct_vendor_surge.iloc[:0],
    )
    value = scoring.score(loud, rules, AS_OF).tables["intent_scores"].set_index("account_id")["intent_score"]
    assert value.max() <= 33.4
    assert value["acc_001"] > 30  # it is heard, and held at a third


@settings(max_examples=10, deadline=None)
@given(
    account=st.integers(0, 59),
    name=st.sampled_from(TYPES),
    age=st.integers(0, 200),
    person=st.sampled_from(["p0", "p1", PERSON]),
)
def test_one_more_touch_lowers_no_engagement_of_its_account_and_moves_no_fit_and_no_intent(
    rules: Rules, known: Marts, night: Night, account: int, name: str, age: int, person: str
) -> None:
    roles = {"p0": "DM", "p1": "SEC", PERSON: "USER"}
    more = with_touches(known, [(f"acc_{account:03d}", person, roles[person], name, age, 1)])
    after = scoring.score(more, rules, AS_OF).tables
    for table in ("fit_scores", "intent_scores"):
        pd.testing.assert_frame_equal(after[table], night.tables[table], check_exact=True)
    before = night.tables["engagement_scores"]["raw_engagement"].fillna(0)
    raw = after["engagement_scores"]["raw_engagement"].fillna(0)
    assert raw.iloc[account] >= before.iloc[account] - 1e-9
    assert (raw.drop(account) == before.drop(account)).all()
    if name == "email_open" and not np.isnan(night.tables["engagement_scores"]["raw_engagement"].iloc[account]):
        assert raw.iloc[account] == before.iloc[account]
