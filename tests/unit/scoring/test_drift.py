from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import COLUMNS, drift
from scoring.inputs import InputError
from scoring.parameters import Parameters
from scoring.results import COLUMNS as RESULT_COLUMNS
from tests.unit.scoring.conftest import read_rules

AS_OF = dt.date(2026, 10, 5)
LARGE = 1_000_000
FROZEN = 3_000


def simulated(bins: int, size: int, repeats: int = 3_000) -> np.ndarray:
    """Indices between samples of one population: the frozen one of 3,000 accounts and one of `size`."""
    rng = np.random.default_rng(bins * size)
    shares = np.full(bins, 1 / bins)
    return np.array([drift.psi(rng.multinomial(FROZEN, shares), rng.multinomial(size, shares)) for _ in range(repeats)])


# mean and 95th percentile without any drift, as computed when the method was chosen
@pytest.mark.parametrize(
    ("bins", "size", "mean", "high"),
    [(10, 100, 0.093, 0.179), (10, 300, 0.033, 0.062), (10, 1_000, 0.013, 0.026), (5, 100, 0.040, 0.092)],
)
def test_the_index_without_drift_is_as_large_as_it_should_be(bins: int, size: int, mean: float, high: float) -> None:
    found = simulated(bins, size)
    assert found.mean() == pytest.approx(mean, rel=0.08, abs=0.001)
    assert found.mean() == pytest.approx((bins - 1) * (1 / size + 1 / FROZEN), rel=0.08)
    assert np.quantile(found, 0.95) == pytest.approx(high, rel=0.16)


def test_ten_bins_of_a_hundred_accounts_pass_a_tenth_in_a_third_of_the_nights() -> None:
    assert 0.32 < (simulated(10, 100) > 0.1).mean() < 0.42


@pytest.mark.parametrize(("bins", "size", "mean"), [(5, 100, 0.26), (10, 100, 0.31), (5, 300, 0.24), (10, 300, 0.26)])
def test_half_a_standard_deviation_is_a_quarter_to_a_third(bins: int, size: int, mean: float) -> None:
    rng = np.random.default_rng(0)
    frozen = rng.normal(size=LARGE)
    counted = drift.Bins("number", np.quantile(frozen, np.arange(1, bins) / bins), ())
    before = counted.count(pd.Series(frozen))
    nights = [counted.count(pd.Series(rng.normal(0.5, 1, size=size))) for _ in range(300)]
    assert np.mean([drift.psi(before, after) for after in nights]) == pytest.approx(mean, abs=0.02)


def test_the_index_is_symmetric_and_smoothed_by_half_a_row() -> None:
    # shares 0.75, 0.25 against 0.25, 0.75 after adding 0.5 to 1 and 0: 0.5 * ln 3 twice
    assert drift.psi(np.array([1, 0]), np.array([0, 1])) == pytest.approx(np.log(3))
    assert drift.psi(np.array([7, 3, 0]), np.array([7, 3, 0])) == 0.0
    assert drift.psi(np.array([7, 3, 0]), np.array([4, 6, 0])) == drift.psi(np.array([7, 3]), np.array([4, 6]))


def test_the_alarm_lies_above_what_chance_shows(parameters: Parameters) -> None:
    many = np.full(10, LARGE // 10)
    assert drift.threshold(many, 100, parameters) == pytest.approx(0.179, abs=0.02)
    assert drift.threshold(np.full(5, LARGE // 5), 100, parameters) == 0.1
    assert drift.threshold(many, LARGE, parameters) == 0.1
    # two samples of 100: twice the noise of one
    assert drift.threshold(np.full(10, 10), 100, parameters) == pytest.approx(0.36, abs=0.05)
    assert drift.threshold(many, 100, parameters) == drift.threshold(many, 100, parameters, seed=0)
    assert drift.threshold(many[::-1], 100, parameters, seed=1) != drift.threshold(many, 100, parameters)


def test_one_night_in_twenty_without_drift_alarms_where_accounts_are_few(parameters: Parameters) -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(100):
        reference = drift.freeze({"x": pd.Series(rng.normal(size=120))}, (), parameters, AS_OF)
        alarms += bool(drift.compare(reference, {"x": pd.Series(rng.normal(size=120))}, parameters)["is_alarm"].iloc[0])
    assert alarms <= 12  # 5 expected


def population(size: int, seed: int = 0, shift: float = 0.0) -> dict[str, pd.Series]:
    rng = np.random.default_rng(seed)
    score = rng.normal(50 + shift, 10, size)
    return {
        "fit_scores.fit_points": pd.Series(np.where(rng.random(size) < 0.1, np.nan, score)),
        "account_360.country_code": pd.Series(rng.choice(["JP", "us", "US", None], size, p=[0.5, 0.2, 0.2, 0.1])),
        "account_360.technologies": pd.Series(rng.choice(["Okta|SAP", "Okta", "Splunk|SAP|Okta", None], size)),
        "account_360.is_listed": pd.Series(rng.random(size) < 0.3),
        "engagement_scores.engagement_score": pd.Series(np.where(rng.random(size) < 0.8, 0.0, score)),
        "account_360.empty": pd.Series([np.nan] * size),
    }


LISTS = ["account_360.technologies"]


@pytest.fixture
def reference(parameters: Parameters) -> pd.DataFrame:
    return drift.freeze(population(2_000), LISTS, parameters, AS_OF)


def test_every_account_is_counted_in_one_bin(reference: pd.DataFrame) -> None:
    assert list(reference.columns) == list(drift.REFERENCE_COLUMNS) == list(RESULT_COLUMNS["feature_reference"])
    assert COLUMNS is RESULT_COLUMNS
    totals = reference.groupby("feature")["account_count"].sum()
    for name in set(population(10)) - {*LISTS, "account_360.empty"}:
        assert totals[name] == 2_000
    assert "account_360.empty" not in totals.index
    score = reference[reference["feature"] == "fit_scores.fit_points"]
    assert len(score) == 11 and score["account_count"].iloc[:10].between(170, 190).all()
    assert set(reference.loc[reference["feature"] == "account_360.country_code", "value"].dropna()) == {"jp", "us"}
    assert set(reference.loc[reference["feature"] == LISTS[0], "value"].dropna()) == {"okta", "sap", "splunk"}
    # 80% at 0: one bin holds them, the others divide the rest
    zeros = reference[reference["feature"] == "engagement_scores.engagement_score"]
    assert zeros["upper_bound"].iloc[0] == 0.0 and len(zeros) == 4 + 1


def test_fewer_than_300_accounts_have_five_bins(parameters: Parameters) -> None:
    values = pd.Series(np.random.default_rng(0).normal(size=299))
    assert (drift.freeze({"x": values}, (), parameters, AS_OF)["bin"] >= 0).sum() == 5
    assert (drift.freeze({"x": pd.concat([values, values[:1]])}, (), parameters, AS_OF)["bin"] >= 0).sum() == 10


def test_the_frozen_population_itself_has_not_moved(reference: pd.DataFrame, parameters: Parameters) -> None:
    found = drift.compare(reference, population(2_000), parameters)
    assert (found["psi"] == 0).all() and not found["is_alarm"].any() and len(found) == 5


def test_a_shift_and_lost_values_and_a_new_value_alarm_and_another_sample_does_not(
    reference: pd.DataFrame, parameters: Parameters
) -> None:
    assert not drift.compare(reference, population(2_000, seed=1), parameters)["is_alarm"].any()
    moved = population(2_000, seed=2, shift=5)
    moved["account_360.country_code"] = moved["account_360.country_code"].where(np.arange(2_000) % 3 > 0, "DE")
    moved["account_360.is_listed"] = (
        moved["account_360.is_listed"].astype("boolean").mask(pd.Series(np.arange(2_000) < 500))
    )
    moved[LISTS[0]] = moved[LISTS[0]].str.replace("Okta", "Other")
    found = drift.compare(reference, moved, parameters).set_index("name")
    assert found.index[found["is_alarm"]].tolist() == [
        "account_360.country_code",
        "account_360.is_listed",
        "account_360.technologies",
        "fit_scores.fit_points",
    ]
    assert 0.15 < found.loc["fit_scores.fit_points", "psi"] < 0.34
    assert found.loc["fit_scores.fit_points", ["reference_count", "today_count"]].tolist() == [2_000, 2_000]


def test_row_order_does_not_matter(reference: pd.DataFrame, parameters: Parameters) -> None:
    order = np.random.default_rng(5).permutation(2_000)
    shuffled = {name: values.iloc[order] for name, values in population(2_000).items()}
    pd.testing.assert_frame_equal(drift.freeze(shuffled, LISTS, parameters, AS_OF), reference)
    turned = reference.iloc[::-1]
    other = population(1_500, seed=4)
    pd.testing.assert_frame_equal(drift.compare(turned, other, parameters), drift.compare(reference, other, parameters))


def test_a_quarter_keeps_what_it_froze_and_freezes_what_joins(reference: pd.DataFrame, parameters: Parameters) -> None:
    later = AS_OF + dt.timedelta(days=20)
    known = drift.in_force(reference, later)
    assert len(known) == len(reference)
    features = population(2_000, seed=3) | {"account_360.new": pd.Series(range(2_000))}
    added = drift.freeze(features, LISTS, parameters, later, known)
    assert set(added["feature"]) == {"account_360.new"}
    assert not len(drift.in_force(reference, dt.date(2027, 1, 1))), "another quarter has its own"
    assert not len(drift.in_force(reference, dt.date(2026, 10, 4))), "what was frozen later is not known yet"
    assert drift.freeze({}, (), parameters, AS_OF).dtypes.equals(reference.dtypes)
    with pytest.raises(InputError, match="feature_reference: columns account_count"):
        drift.in_force(reference.drop(columns="account_count"), later)


def test_stored_and_read_again_nothing_changes(reference: pd.DataFrame, parameters: Parameters) -> None:
    import duckdb

    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS["feature_reference"].items())
    with duckdb.connect() as connection:
        connection.execute(f"create table stored ({columns})")
        connection.register("new_rows", reference)
        connection.execute("insert into stored by name select * from new_rows")
        stored = drift.in_force(connection.execute("select * from stored").df(), AS_OF)
    other = population(900, seed=8)
    pd.testing.assert_frame_equal(drift.compare(stored, other, parameters), drift.compare(reference, other, parameters))


def test_the_attributes_that_fit_reads_are_watched() -> None:
    names, lists = drift.watched_attributes(read_rules("icp_criteria"), read_rules("fit_features"))
    assert {"employees_count", "industry_group", "country_code", "technologies", "founded_year"} <= set(names)
    assert lists == ["technologies"]


COUNTS = st.lists(st.integers(0, 10**6), min_size=2, max_size=12)


@settings(deadline=None)
@given(reference=COUNTS, data=st.data())
def test_the_index_is_finite_symmetric_and_never_negative(reference: list[int], data: st.DataObject) -> None:
    today = data.draw(st.lists(st.integers(0, 10**6), min_size=len(reference), max_size=len(reference)))
    found = drift.psi(np.array(reference), np.array(today))
    assert 0 <= found < np.inf
    assert found == pytest.approx(drift.psi(np.array(today), np.array(reference)))


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=1, max_size=40),
    today=st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), max_size=40),
)
def test_any_numbers_can_be_frozen_and_compared(values: list[float | None], today: list[float | None]) -> None:
    from scoring.parameters import read_parameters

    parameters = dataclasses.replace(read_parameters(read_rules("scoring_parameters")), drift_coarse_bins=3)
    reference = drift.freeze({"x": pd.Series(values, dtype="float64")}, (), parameters, AS_OF)
    found = drift.compare(reference, {"x": pd.Series(today, dtype="float64")}, parameters)
    assert len(found) == (1 if today and any(value is not None for value in values) else 0)
    assert np.isfinite(found["psi"]).all() and (found["threshold"] >= 0.1).all()
