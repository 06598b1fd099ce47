from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scoring import RuleError
from scoring.target_list import ListRuleTables, TargetList, decide
from scoring.target_list_accounts import ListFacts
from tests.unit.scoring.conftest import read_rules

Q3 = dt.date(2026, 9, 30)
Q4 = dt.date(2026, 10, 1)
SIZE = 5
NUMBERS = {
    "list_size": SIZE,
    "min_fit_points_to_enter": 45,
    "min_fit_points_to_stay": 40,
    "inactivity_days": 90,
    "min_days_before_inactivity": 45,
    "max_swap_share": 0.2,
    "max_exception_share": 0.4,
}
REASONS, ACCOUNT_TYPES = read_rules("target_list_reasons"), read_rules("crm_account_types")
NO_EXCEPTIONS = pd.DataFrame(
    columns=["account", "action", "approved_by", "reason_code", "valid_from", "valid_to", "note"], dtype="str"
)


def rules(*exceptions: tuple[str, str, str, str, str], **numbers: float) -> ListRuleTables:
    """Rules of the repository with small numbers; exceptions as account, action, reason code, first day, last day."""
    named = NUMBERS | numbers
    rows = [(a, what, "head of sales", why, start, end, "agreed") for a, what, why, start, end in exceptions]
    return ListRuleTables(
        target_list_rules=pd.DataFrame({"parameter": list(named), "value": list(named.values())}),
        target_list_reasons=REASONS,
        target_list_exceptions=pd.DataFrame(rows, columns=NO_EXCEPTIONS.columns, dtype="str"),
        crm_account_types=ACCOUNT_TYPES,
    )


@dataclasses.dataclass
class Account:
    composite: float
    fit: float = 60
    crm_type: str = "Prospect"
    is_customer: bool = False
    is_held: bool = False
    touched_on: dt.date | None = None
    spoken_on: dt.date | None = None


def facts(accounts: dict[str, Account], aliases: dict[str, str] | None = None) -> ListFacts:
    ids = list(accounts)
    of = list(accounts.values())

    def scores(column: str, values: list[float]) -> pd.DataFrame:
        return pd.DataFrame({"account_id": ids, column: values, "method": ["rules"] * len(ids)})

    touched = [(name, one.touched_on) for name, one in accounts.items() if one.touched_on]
    spoken = [(name, one.spoken_on) for name, one in accounts.items() if one.spoken_on]
    moved = aliases or {}
    return ListFacts(
        account_360=pd.DataFrame(
            {
                "account_id": ids,
                "crm_type": [one.crm_type for one in of],
                "is_customer": np.array([one.is_customer for one in of], dtype=bool),
            }
        ),
        fit_scores=scores("fit_points", [one.fit for one in of]),
        intent_scores=scores("intent_score", [10.0] * len(ids)),
        engagement_scores=scores("engagement_score", [20.0] * len(ids)),
        composite_scores=scores("composite_score", [one.composite for one in of]),
        fct_touch_days=pd.DataFrame(
            {
                "account_id": [name for name, _ in touched],
                "touch_type": ["pricing_page"] * len(touched),
                "activity_date": pd.to_datetime([when for _, when in touched]),
            }
        ),
        touch_types=pd.DataFrame({"touch_type": ["pricing_page", "page_view"], "is_high_intent": [True, False]}),
        fct_sales_activities=pd.DataFrame(
            {
                "account_id": [name for name, _ in spoken],
                "task_type": ["call"] * len(spoken),
                "is_human": np.ones(len(spoken), dtype=bool),
                "is_completed": np.ones(len(spoken), dtype=bool),
                "is_connected": np.ones(len(spoken), dtype=bool),
                "activity_date": pd.to_datetime([when for _, when in spoken]),
            }
        ),
        held_accounts=pd.DataFrame(
            {"account_id": [name for name, one in accounts.items() if one.is_held]}, dtype="str"
        ),
        account_aliases=pd.DataFrame(
            {
                "alias_account_id": list(moved),
                "account_id": list(moved.values()),
                "as_of_date": pd.to_datetime([Q4] * len(moved)),
            }
        ),
        account_references=pd.DataFrame(
            {
                "reference": [*ids, *moved, "shared.example", "shared.example", *(f"{name}.example" for name in ids)],
                "account_id": [*ids, *moved.values(), "a", "b", *ids],
            }
        ),
    )


class History:
    """Nights one after another, as the warehouse keeps them."""

    def __init__(self) -> None:
        self.changes: list[pd.DataFrame] = []
        self.quarters: list[pd.DataFrame] = []

    def night(self, known: ListFacts, of: ListRuleTables, as_of: dt.date) -> TargetList:
        done = decide(known, of, as_of, self._all(self.changes), self._all(self.quarters))
        self.changes.append(done.changes)
        self.quarters.append(done.quarter)
        return done

    @staticmethod
    def _all(tables: list[pd.DataFrame]) -> pd.DataFrame | None:
        filled = [table for table in tables if len(table)]
        return pd.concat(filled, ignore_index=True) if filled else None


def members(done: TargetList) -> list[str]:
    return done.members["account_id"].tolist()


def change_of(done: TargetList, account: str) -> tuple[str, str]:
    row = done.changes.set_index("account_id").loc[account]
    return str(row["action"]), str(row["reason_code"])


def falling(names: str, **of: Account) -> dict[str, Account]:
    """Accounts from 90 composite points downwards, active on the first day of Q4 unless said otherwise."""
    found = {name: Account(90.0 - 5 * at, touched_on=Q3) for at, name in enumerate(names)}
    return found | of


def test_the_first_list_holds_the_best_composites_whose_fit_is_high_enough() -> None:
    accounts = falling("abcdefg", b=Account(85, fit=44.9), c=Account(80, fit=45))
    done = decide(facts(accounts), rules(), Q3)
    assert members(done) == ["a", "c", "d", "e", "f"]
    assert set(done.changes["reason_code"]) == {"first_list"}
    assert done.changes["composite_score"].tolist() == [90, 80, 75, 70, 65]
    assert done.changes["score_method"].unique().tolist() == ["rules"]
    # the fifth of the accounts that may enter: f
    assert done.quarter["composite_threshold"].tolist() == [65]


def test_customers_disqualified_types_comparison_groups_and_unscored_accounts_do_not_enter() -> None:
    accounts = falling("abcdefghi")
    accounts["a"].is_customer = True
    accounts["b"].crm_type = "competitor"
    accounts["c"].is_held = True
    accounts["d"].composite = float("nan")
    accounts["e"].fit = float("nan")
    assert members(decide(facts(accounts), rules(), Q3)) == ["f", "g", "h", "i"]


def test_the_list_stands_still_within_a_quarter_whatever_the_scores_say() -> None:
    history = History()
    first = history.night(facts(falling("abcdefg")), rules(), Q4)
    turned = {
        name: Account(one.composite, fit=10) for name, one in zip("gfedcba", falling("abcdefg").values(), strict=True)
    }
    later = history.night(facts(turned), rules(), dt.date(2026, 12, 31))
    assert members(later) == members(first)
    assert len(later.changes) == 0 and len(later.quarter) == 0
    assert later.members["listed_since_date"].unique().tolist() == first.members["listed_since_date"].unique().tolist()


def test_the_worst_of_those_who_have_to_leave_go_first_and_no_more_than_the_limit() -> None:
    history = History()
    history.night(facts(falling("abcdefgh")), rules(), dt.date(2026, 7, 1))
    # c and e fall below 40 points of fit, d is silent; one swap of five places is allowed and e is the worst of the three.
    accounts = falling("abcdefgh", c=Account(80, fit=39), e=Account(70, fit=39), d=Account(75))
    done = history.night(facts(accounts), rules(), Q4)
    assert change_of(done, "e") == ("removed", "low_fit")
    assert change_of(done, "c") == ("kept", "swap_limit")
    assert change_of(done, "d") == ("kept", "swap_limit")
    assert change_of(done, "f") == ("added", "best_available")
    assert change_of(done, "a") == ("kept", "meets_rules")
    assert members(done) == ["a", "b", "c", "d", "f"]
    assert done.changes.loc[done.changes["counts_as_swap"], "account_id"].tolist() == ["e"]
    assert done.quarter["swap_count"].tolist() == [1]
    assert done.members.set_index("account_id")["listed_since_date"].astype("str").to_dict()["f"] == "2026-10-01"


@pytest.mark.parametrize(
    ("account", "listed_on", "stays"),
    [
        (Account(70), dt.date(2026, 7, 1), False),
        (Account(70, touched_on=dt.date(2026, 7, 3)), dt.date(2026, 7, 1), False),  # 90 days before 1 October
        (Account(70, touched_on=dt.date(2026, 7, 4)), dt.date(2026, 7, 1), True),
        (Account(70, spoken_on=dt.date(2026, 7, 4)), dt.date(2026, 7, 1), True),
        (Account(70, touched_on=dt.date(2026, 10, 2)), dt.date(2026, 7, 1), False),  # not yet known
        (Account(70), dt.date(2026, 8, 18), True),  # 44 days on the list
        (Account(70), dt.date(2026, 8, 17), False),
    ],
)
def test_silence_counts_after_a_quarter_and_not_before_the_account_had_its_time(
    account: Account, listed_on: dt.date, stays: bool
) -> None:
    history = History()
    history.night(facts(falling("abcde")), rules(), listed_on)
    done = history.night(facts(falling("abcd", e=account)), rules(), Q4)
    assert ("e" in members(done)) == stays
    assert change_of(done, "e") == (("kept", "meets_rules") if stays else ("removed", "inactive"))


def test_customers_and_disqualified_accounts_leave_at_the_quarter_beyond_the_swap_limit() -> None:
    history = History()
    history.night(facts(falling("abcdefgh")), rules(), dt.date(2026, 7, 1))
    accounts = falling("abcdefgh", e=Account(70, fit=39))
    accounts["a"].is_customer = True
    accounts["b"].crm_type = "Competitor"
    done = history.night(facts(accounts), rules(), Q4)
    assert [change_of(done, name) for name in "abe"] == [
        ("removed", "customer"), ("removed", "disqualified"), ("removed", "low_fit"),
    ]  # fmt: skip
    assert members(done) == ["c", "d", "f", "g", "h"]


def test_a_comparison_group_keeps_its_place_and_enters_none() -> None:
    history = History()
    history.night(facts(falling("abcde")), rules(), dt.date(2026, 7, 1))
    accounts = falling("abcdef", e=Account(70, fit=1, is_held=True), d=Account(75, fit=1), f=Account(99, is_held=True))
    done = history.night(facts(accounts), rules(), Q4)
    assert change_of(done, "e") == ("kept", "holdout")
    assert members(done) == ["a", "b", "c", "e"]


def test_the_survivor_of_a_merger_keeps_the_place_in_mid_quarter() -> None:
    history = History()
    history.night(facts(falling("abcdefg")), rules(), Q4)
    accounts = {name: one for name, one in falling("abcdefg").items() if name not in "ae"}
    merged = facts(accounts, {"a": "g", "e": "d"})  # g was not on the list, d was
    done = history.night(merged, rules(), dt.date(2026, 11, 10))
    assert members(done) == ["b", "c", "d", "g"]
    assert change_of(done, "a") == ("removed", "merged")
    assert change_of(done, "g") == ("added", "merged")
    assert change_of(done, "e") == ("removed", "merged")
    assert done.members.set_index("account_id")["listed_since_date"].astype("str")["g"] == "2026-10-01"
    again = history.night(merged, rules(), dt.date(2026, 11, 11))
    assert members(again) == members(done) and len(again.changes) == 0


def test_an_account_that_left_the_crm_leaves_the_list() -> None:
    history = History()
    history.night(facts(falling("abcde")), rules(), Q4)
    done = history.night(facts(falling("abcd")), rules(), dt.date(2026, 11, 10))
    assert change_of(done, "e") == ("removed", "left_crm")


def test_a_legal_decision_acts_at_once_and_a_commercial_one_waits_for_the_quarter() -> None:
    history = History()
    history.night(facts(falling("abcdefgh")), rules(), dt.date(2026, 7, 1))
    decided = rules(
        ("a.example", "remove", "legal", "2026-08-01", ""),
        ("H.example", "add", "strategic_account", "2026-08-01", ""),
        ("b", "remove", "partner_conflict", "2026-08-01", ""),
    )
    before = history.night(facts(falling("abcdefgh")), decided, dt.date(2026, 7, 31))
    assert members(before) == ["a", "b", "c", "d", "e"]
    at_once = history.night(facts(falling("abcdefgh")), decided, dt.date(2026, 8, 1))
    assert members(at_once) == ["b", "c", "d", "e"]
    row = at_once.changes.iloc[0]
    assert (row["account_id"], row["reason_code"], row["approved_by"], row["is_exception"]) == (
        "a", "legal", "head of sales", True,
    )  # fmt: skip
    assert any("2 exceptions count from the first night" in note for note in at_once.notes)
    assert len(history.night(facts(falling("abcdefgh")), decided, dt.date(2026, 8, 2)).changes) == 0
    quarter = history.night(facts(falling("abcdefgh")), decided, Q4)
    assert members(quarter) == ["c", "d", "e", "f", "h"]
    assert change_of(quarter, "h") == ("added", "strategic_account")


def test_an_exception_keeps_an_account_that_every_rule_would_take_out_until_it_ends() -> None:
    history = History()
    history.night(facts(falling("abcde")), rules(), dt.date(2026, 4, 1))
    fallen = falling("abcdef", a=Account(1, fit=1, is_customer=True))
    kept = rules(("a", "keep", "sales_judgement", "2026-06-01", "2026-07-31"))
    third = history.night(facts(fallen), kept, dt.date(2026, 7, 1))
    assert change_of(third, "a") == ("kept", "sales_judgement")
    assert bool(third.members.set_index("account_id").loc["a", "is_exception"])
    fourth = history.night(facts(fallen), kept, Q4)
    assert change_of(fourth, "a") == ("removed", "customer")


def test_when_the_list_is_made_smaller_the_worst_leave_beyond_the_swap_limit() -> None:
    history = History()
    history.night(facts(falling("abcde")), rules(), dt.date(2026, 7, 1))
    done = history.night(facts(falling("abcde")), rules(list_size=3), Q4)
    assert members(done) == ["a", "b", "c"]
    assert change_of(done, "d") == ("removed", "fewer_places")


def test_a_smaller_list_keeps_its_comparison_group() -> None:
    history = History()
    history.night(facts(falling("abcde")), rules(), dt.date(2026, 7, 1))
    accounts = falling("abcde")
    accounts["e"].is_held = True
    done = history.night(facts(accounts), rules(list_size=3), Q4)
    assert members(done) == ["a", "b", "e"]
    assert change_of(done, "e") == ("kept", "holdout")


def test_contradictory_exceptions_are_named_both() -> None:
    decided = rules(
        ("a", "add", "strategic_account", "2026-01-01", "2026-12-31"),
        ("A.example", "remove", "legal", "2026-11-01", ""),
    )
    with pytest.raises(RuleError) as error:
        decide(facts(falling("ab")), decided, Q3)
    text = str(error.value)
    assert "account = a, action = add, valid_from = 2026-01-01" in text
    assert "account = A.example, action = remove, valid_from = 2026-11-01" in text
    assert "both in force for a on 2026-11-01" in text


def test_exceptions_that_do_not_overlap_do_not_contradict_each_other() -> None:
    decided = rules(
        ("a", "remove", "legal", "2026-01-01", "2026-09-29"), ("a", "add", "strategic_account", "2026-09-30", "")
    )
    assert "a" in members(decide(facts(falling("ab")), decided, Q3))


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        (("nobody", "add", "legal", "2026-01-01", ""), "'nobody' is not known"),
        (("shared.example", "add", "legal", "2026-01-01", ""), r"shared by 2 accounts \(a, b\)"),
        (("a", "swap", "legal", "2026-01-01", ""), "column action: 'swap'"),
        (("a", "add", "inactive", "2026-01-01", ""), "column reason_code: 'inactive'"),
        (("a", "add", "legal", "tomorrow", ""), "column valid_from: 'tomorrow'"),
        (("a", "add", "legal", "2026-01-02", "2026-01-01"), "a day not before valid_from"),
    ],
)
def test_an_exception_that_cannot_be_used_is_named(exception: tuple[str, str, str, str, str], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        decide(facts(falling("ab")), rules(exception), Q3)


def test_an_ended_exception_about_an_account_that_nobody_knows_any_more_stops_no_night() -> None:
    decided = rules(("nobody", "add", "legal", "2026-01-01", "2026-02-01"))
    assert members(decide(facts(falling("ab")), decided, Q3)) == ["a", "b"]


def test_more_exceptions_than_allowed_stop_the_night_and_those_of_the_law_do_not_count() -> None:
    many = [(name, "remove", "legal", "2026-01-01", "") for name in "abc"]
    assert members(decide(facts(falling("abcdefg")), rules(*many), Q3)) == ["d", "e", "f", "g"]
    chosen = [(name, "add", "strategic_account", "2026-01-01", "") for name in "abc"]
    with pytest.raises(
        RuleError, match=r"3 accounts have an exception on 2026-09-30.*\n.*at most 2 \(40% of 5 places\)"
    ):
        decide(facts(falling("abcdefg")), rules(*chosen), Q3)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"list_size": 0}, "parameter = list_size, column value: '0"),
        ({"list_size": 2.5}, "a whole number"),
        ({"max_swap_share": 1.5}, "a number from 0 to 1"),
        ({"min_fit_points_to_stay": 46}, r"at most min_fit_points_to_enter \(45\)"),
        ({"places": 3}, "parameter = places"),
    ],
)
def test_a_wrong_number_is_named(numbers: dict[str, float], message: str) -> None:
    with pytest.raises(RuleError, match=message):
        decide(facts(falling("ab")), rules(**numbers), Q3)


def test_a_quarter_without_any_account_is_set_once_and_its_changes_are_told_once() -> None:
    history = History()
    history.night(facts(falling("ab")), rules(), dt.date(2026, 7, 1))
    nobody = {name: Account(50, is_customer=True) for name in "ab"}
    emptied = history.night(facts(nobody), rules(), Q4)
    assert members(emptied) == [] and len(emptied.changes) == 2 and len(emptied.quarter) == 1
    assert np.isnan(emptied.quarter["composite_threshold"].iloc[0])
    after = history.night(facts(falling("ab")), rules(), Q4 + dt.timedelta(days=1))
    assert members(after) == [] and len(after.changes) == 0


def test_the_shipped_rules_can_be_read() -> None:
    shipped = ListRuleTables(**{name: read_rules(name) for name in ListRuleTables.__dataclass_fields__})
    assert members(decide(facts(falling("abc")), shipped, Q3)) == ["a", "b", "c"]


WORLD = st.dictionaries(
    st.sampled_from("abcdefghijklmnop"),
    st.builds(
        Account,
        composite=st.one_of(st.just(float("nan")), st.integers(0, 20).map(float)),
        fit=st.one_of(st.just(float("nan")), st.sampled_from([30.0, 42.0, 45.0, 80.0])),
        crm_type=st.sampled_from(["Prospect", "Competitor"]),
        is_customer=st.booleans(),
        is_held=st.booleans(),
        touched_on=st.sampled_from([None, Q3]),
    ),
    min_size=1,
)


# A failing world is small already, and shrinking four of them takes minutes.
@settings(max_examples=8, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(worlds=st.lists(WORLD, min_size=2, max_size=4), seed=st.integers(0, 2**32 - 1))
def test_over_any_quarters_size_and_swaps_stay_within_their_limits_and_row_order_and_repetition_change_nothing(
    worlds: list[dict[str, Account]], seed: int
) -> None:
    history = History()
    before: set[str] = set()
    for number, world in enumerate(worlds):
        as_of = dt.date(2026, 1 + 3 * number, 1 + number)
        known = facts(world)
        held = {name for name, one in world.items() if one.is_held}
        add = sorted(world)[0]
        of = rules((add, "add", "strategic_account", "2020-01-01", ""), max_swap_share=0.4)
        earlier = History._all(history.changes), History._all(history.quarters)
        done = history.night(known, of, as_of)
        now = set(members(done))
        assert add in now
        assert len(now) <= SIZE + 1 + len(now & held)
        assert done.changes["counts_as_swap"].sum() <= 2
        left, entered = before - now, now - before
        assert all(world[name].is_customer or world[name].crm_type == "Competitor" for name in left & held)
        assert entered - {add} <= {name for name, one in world.items() if one.fit >= 45} - held
        assert set(done.changes["account_id"]) >= left | entered
        assert not done.changes["account_id"].duplicated().any()
        shuffled = {
            field.name: getattr(known, field.name).sample(frac=1, random_state=seed)
            for field in dataclasses.fields(ListFacts)
        }
        mixed = tuple(table.sample(frac=1, random_state=seed) if table is not None else None for table in earlier)
        own = tuple(
            table if rest is None else pd.concat([table, rest])
            for table, rest in zip((done.changes, done.quarter), mixed, strict=True)
        )
        again = decide(ListFacts(**shuffled), of, as_of, *own)
        for name in ("members", "changes", "quarter"):
            pd.testing.assert_frame_equal(getattr(again, name), getattr(done, name), check_exact=True)
        idle = decide(
            known, of, as_of + dt.timedelta(days=20), *(History._all(x) for x in (history.changes, history.quarters))
        )
        assert members(idle) == members(done) and len(idle.changes) == 0
        before = now
