"""Intent: how surely an account researches more than it usually does, 0-100, from person-days of research."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaincc

from scoring.exposure import ExposureCalendar, decayed_exposure
from scoring.inputs import (
    HORIZON_DAYS,
    NO_DATE,
    Accounts,
    BoolArray,
    FloatArray,
    IntArray,
    codes,
    dates,
    day,
    days,
    flags,
    floats,
    group_sums,
    packed,
    read_accounts,
    require,
    run_sums,
    starts,
    unpacked,
    whole_counts,
)
from scoring.intent_reasons import explain
from scoring.intent_states import decay
from scoring.parameters import Parameters
from scoring.reasons import assemble
from scoring.results import COLUMNS, ScoreResult, repeated, text_where
from scoring.rules import RuleTable, folded
from scoring.vendor import VendorEvidence, vendor_evidence

DISPERSION_RANGE = (1.0, 5.0)
CHI_SQUARE_MEDIAN = 0.454936  # of one degree of freedom, whose mean is 1
MIN_DISPERSION_ACCOUNTS = 30  # a chi-square of fewer accounts has a relative error above 25%
NOT_TRACKABLE = "not trackable: no company domain of its own by which research could be recognised"
GROUPS = ("core", "adjacent", "generic")


@dataclass(frozen=True)
class Topics:
    """Topics with a weight, in order of their folded name."""

    names: list[str]
    weights: FloatArray


@dataclass(frozen=True)
class Cells:
    """Research of one account on one topic, sorted by account, topic.

    Attributes
    ----------
    account, topic : positions
    recent, baseline : decayed person-days R and B
    person_days_28d : person-days of the last 28 days
    """

    account: IntArray
    topic: IntArray
    recent: FloatArray
    baseline: FloatArray
    person_days_28d: IntArray


def score(
    account_360: pd.DataFrame,
    intent_days: pd.DataFrame,
    vendor_surge: pd.DataFrame,
    intent_topics: pd.DataFrame,
    exposure_calendar: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
) -> ScoreResult:
    """Intent of every account, with reasons.

    Parameters
    ----------
    account_360 : account_id, country_code, intent_person_count_28d, is_intent_trackable, intent_tracked_days
    intent_days : rows of fct_intent_days: account_id, topic, activity_date, person_count; one person counts once per
        account, topic and day. Rows after `as_of` are ignored
    vendor_surge : rows of fct_vendor_surge: account_id, vendor, topic, week_start_date, surge_score
    intent_topics : topic, keyword_group, weight; a topic without a row counts with weight 0 and is named in the notes
    exposure_calendar : see `exposure.ExposureCalendar`; the calendar of an account is that of its country_code

    Returns
    -------
    scores: intent_score 0-100, null with a missing_reason when the account cannot be tracked; surge_ratio, the expected
    ratio of recent to usual research, > 0; intent_level 0-1, amount of research against the busiest tenth of accounts;
    vendor_surge_score as the vendor gave it; is_low_confidence below `intent_min_tracked_days` tracked days; top_topics.

    Raises
    ------
    RuleError, InputError
        If a rule or a table cannot be used.

    Notes
    -----
    Ratio rho ~ Gamma(kappa, kappa) a priori; with decayed sums R observed and mu expected,
    P = Pr(rho > theta) = SF(theta; kappa + R/(v phi), kappa + mu/(v phi)) and
    intent = 100 max(0, (P - P0)/(1 - P0)) min(1, persons/3), joined with vendor evidence q by noisy-or.
    """
    seen = observe(
        account_360, intent_days, vendor_surge, read_topics(intent_topics), exposure_calendar, parameters, as_of
    )
    accounts, topics, cells, evidence, vendor = seen.accounts, seen.topics, seen.cells, seen.evidence, seen.vendor
    is_tracked, tracked_days, persons = seen.is_tracked, seen.tracked_days, seen.persons
    own_raw, own, total, notes = seen.own_raw, seen.own, seen.total, seen.notes

    level = np.where(is_tracked, _level(evidence.recent), np.nan)
    kappa = parameters.intent_prior_strength
    plain_variance = variance_factor(parameters.intent_short_half_life_days)
    ratio = (kappa + evidence.recent / plain_variance) / (kappa + evidence.expected / plain_variance)
    scores = pd.DataFrame(
        {
            "account_id": accounts.ids,
            "intent_score": np.where(is_tracked, 100 * total, np.nan),
            "surge_ratio": np.where(is_tracked, ratio, np.nan),
            "person_count_28d": persons.astype(np.int64),
            "intent_level": level,
            "vendor_surge_score": vendor.surge_score,
            "is_low_confidence": is_tracked & (np.nan_to_num(tracked_days) < parameters.intent_min_tracked_days),
            "top_topics": _top_topics(cells, topics, len(accounts)),
            "method": repeated("rules", len(accounts)),
            "missing_reason": text_where(~is_tracked, NOT_TRACKABLE),
            "as_of_date": dates(np.full(len(accounts), day(as_of))),
        }
    )[list(COLUMNS["intent_scores"])]
    blocks = explain(
        is_tracked=is_tracked,
        account=cells.account,
        topic=cells.topic,
        person_days=cells.person_days_28d,
        excess=topics.weights[cells.topic] * (cells.recent - evidence.expected_by_cell),
        evidence=topics.weights[cells.topic] * cells.recent,
        names=topics.names,
        own_raw=100 * own_raw,
        own=100 * own,
        total=100 * total,
        persons=persons.astype(np.int64),
        full_weight_persons=parameters.intent_full_weight_persons,
        vendor_score=vendor.surge_score,
    )
    facts = {"intent_dispersion": evidence.dispersion}
    return ScoreResult(scores, assemble("intent", accounts.ids, blocks, as_of), (*notes, *vendor.notes), facts)


def observe(
    account_360: pd.DataFrame,
    intent_days: pd.DataFrame,
    vendor_surge: pd.DataFrame,
    topics: Topics,
    exposure_calendar: pd.DataFrame,
    parameters: Parameters,
    as_of: dt.date,
) -> Observation:
    """Intent of every account without its reasons; parameters as of `score`."""
    accounts = read_accounts(
        account_360, ["country_code", "intent_person_count_28d", "is_intent_trackable", "intent_tracked_days"]
    )
    calendar = ExposureCalendar(exposure_calendar)
    tracked_days = floats(accounts.rows, "intent_tracked_days")
    is_tracked = flags(accounts.rows, "is_intent_trackable") & ~np.isnan(tracked_days)
    persons = np.nan_to_num(floats(accounts.rows, "intent_person_count_28d"))

    cells, first_age, notes = _cells(intent_days, accounts, is_tracked, topics, parameters, as_of)
    tracked = np.where(is_tracked, np.clip(np.nan_to_num(tracked_days), 0, HORIZON_DAYS), 0).astype(np.int64)
    tracked = np.where(is_tracked, np.maximum(tracked, first_age + 1), 0)
    recent_exposure, baseline_exposure = _exposures(calendar, accounts, tracked, parameters, as_of)

    evidence = weigh(cells, topics, recent_exposure, baseline_exposure, is_tracked, parameters)
    own_raw = surge_share(evidence.recent, evidence.expected, evidence.variance, evidence.dispersion, parameters)
    own = own_raw * np.minimum(1.0, persons / parameters.intent_full_weight_persons)
    vendor = vendor_evidence(vendor_surge, accounts, topics.names, topics.weights, parameters, as_of)
    joined = 1 - (1 - own) * (1 - parameters.intent_vendor_weight * vendor.strength)
    total = np.where(vendor.strength > 0, joined, own)
    return Observation(
        accounts, topics, cells, evidence, vendor, is_tracked, tracked_days, persons, own_raw, own, total, notes
    )


def read_topics(rows: pd.DataFrame) -> Topics:
    """Topics and weights from the rows of `intent_topics`."""
    table = RuleTable("intent_topics", rows, ["topic"], ["keyword_group", "weight"])
    table.texts("keyword_group", allowed=GROUPS)
    weights = table.numbers("weight", 0, 10, unit="core 1, adjacent 0.5, generic 0.2")
    names = [folded(name) for name in table.texts("topic")]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise table.fail(at, "topic", f"each topic once; '{name}' is there in another spelling")
    order = sorted(range(len(names)), key=lambda at: names[at])
    return Topics([names[at] for at in order], weights[order])


def variance_factor(half_life_days: float) -> float:
    """Variance of a decayed Poisson sum over its mean: 1/(1 + 2^(-1/h)), 0.5124 for 14 days."""
    return float(1 / (1 + np.exp2(-1 / half_life_days)))


def surge_share(
    recent: FloatArray, expected: FloatArray, variance: FloatArray, dispersion: float, parameters: Parameters
) -> FloatArray:
    """Evidence of a surge above the prior, before the persons gate.

    Parameters
    ----------
    recent, expected : decayed weighted person-days R and mu, >= 0
    variance : variance factor v of the sums
    dispersion : phi >= 1

    Returns
    -------
    (n,) float in [0, 1]: max(0, (P - P0)/(1 - P0)).
    """
    kappa, theta = parameters.intent_prior_strength, parameters.intent_surge_ratio
    scale = variance * dispersion
    above = gammaincc(kappa + recent / scale, (kappa + expected / scale) * theta)
    prior = float(gammaincc(kappa, kappa * theta))
    return np.asarray(np.maximum(0.0, (above - prior) / (1 - prior)), dtype=np.float64)


@dataclass(frozen=True)
class Evidence:
    """Weighted sums per account.

    Attributes
    ----------
    recent, expected : R and mu summed over topics with their weights
    variance : v corrected for unequal weights
    dispersion : phi of the whole panel
    expected_by_cell : mu of each cell
    """

    recent: FloatArray
    expected: FloatArray
    variance: FloatArray
    dispersion: float
    expected_by_cell: FloatArray


@dataclass(frozen=True)
class Observation:
    """Everything behind intent.

    Attributes
    ----------
    accounts, topics, cells, evidence, vendor : what was read and what was added up
    is_tracked, tracked_days, persons : whether and for how long an account can be seen, and persons of the last 28 days
    own_raw, own, total : (n,) 0-1: our own evidence before and after the persons gate, and joined with the vendor's
    notes : sentences for the run log
    """

    accounts: Accounts
    topics: Topics
    cells: Cells
    evidence: Evidence
    vendor: VendorEvidence
    is_tracked: BoolArray
    tracked_days: FloatArray
    persons: FloatArray
    own_raw: FloatArray
    own: FloatArray
    total: FloatArray
    notes: list[str]


def weigh(
    cells: Cells,
    topics: Topics,
    recent_exposure: FloatArray,
    baseline_exposure: FloatArray,
    is_tracked: BoolArray,
    parameters: Parameters,
) -> Evidence:
    """Recent and expected research per account over the cluster of topics.

    Notes
    -----
    The own rate is lambda = (B + c m)/(EB + c) with c = max(0, 28 - EB): the topic's panel mean m fills only a short
    history, and a mature baseline is not shrunk. mu = lambda * ER.
    """
    size, count = len(is_tracked), len(topics.names)
    weight = topics.weights[cells.topic]
    filling = np.where(is_tracked, np.maximum(0.0, parameters.intent_min_exposure_days - baseline_exposure), 0.0)
    panel = _panel_mean(cells, count, recent_exposure, baseline_exposure)
    factor = np.where(is_tracked, recent_exposure / np.where(is_tracked, baseline_exposure + filling, 1.0), 0.0)

    recent = group_sums(cells.account, weight * cells.recent, size)
    own = group_sums(cells.account, weight * cells.baseline, size)
    own_squared = group_sums(cells.account, weight**2 * cells.baseline, size)
    recent_squared = group_sums(cells.account, weight**2 * cells.recent, size)
    expected = factor * (own + filling * float((topics.weights * panel).sum()))
    expected_squared = factor * (own_squared + filling * float((topics.weights**2 * panel).sum()))

    # Unequal weights change the variance of a weighted sum: v * sum(w^2 mu) / sum(w mu); without any expectation the
    # observed research stands in for it.
    heavy, light = np.where(expected > 0, expected_squared, recent_squared), np.where(expected > 0, expected, recent)
    variance = variance_factor(parameters.intent_short_half_life_days) * np.where(
        light > 0, heavy / np.where(light > 0, light, 1.0), 1.0
    )
    dispersion = _dispersion(recent, expected, variance, baseline_exposure, parameters)
    by_cell = factor[cells.account] * (cells.baseline + filling[cells.account] * panel[cells.topic])
    return Evidence(recent, expected, variance, dispersion, by_cell)


def _cells(
    intent_days: pd.DataFrame,
    accounts: Accounts,
    is_tracked: BoolArray,
    topics: Topics,
    parameters: Parameters,
    as_of: dt.date,
) -> tuple[Cells, IntArray, list[str]]:
    """Decayed sums per account and topic, the age of each account's first row (-1 without), and notes."""
    require(intent_days, "fct_intent_days", ["account_id", "topic", "activity_date", "person_count"])
    count = whole_counts(intent_days, "fct_intent_days", "person_count")
    dated = days(intent_days["activity_date"])
    age = day(as_of) - dated
    is_seen = (dated != NO_DATE) & (age >= 0) & (age < HORIZON_DAYS)
    account = codes(intent_days["account_id"], accounts.ids)
    topic, unknown = topic_codes(intent_days["topic"], topics.names, count * is_seen)
    is_seen &= account >= 0
    is_seen &= topic >= 0
    is_seen &= is_tracked[account]
    largest = [len(accounts), len(topics.names), HORIZON_DAYS, int(count.max(initial=0))]
    columns = [values[is_seen] for values in (account, topic, age, count)]
    del account, topic, age, count, dated, is_seen
    keys = packed(list(zip(columns, largest, strict=True)))
    del columns
    keys.sort()
    account, topic, age, count = unpacked(keys, largest)
    del keys

    begins = starts(account * len(topics.names) + topic)
    x = count.astype(np.float64)
    by_age = np.arange(HORIZON_DAYS)
    short = decay(by_age, parameters.intent_short_half_life_days)
    long = decay(by_age - parameters.intent_baseline_lag_days, parameters.intent_long_half_life_days)
    cells = Cells(
        account=account[begins],
        topic=topic[begins],
        recent=run_sums(x * short[age], begins),
        baseline=run_sums(x * long[age], begins),
        person_days_28d=run_sums(np.where(age < 28, x, 0.0), begins).astype(np.int64),
    )
    first_age = np.full(len(accounts), -1, dtype=np.int64)
    np.maximum.at(first_age, cells.account, np.maximum.reduceat(age, begins) if len(begins) else cells.account)
    return cells, first_age, unknown


def topic_codes(topic: pd.Series, names: list[str], amount: IntArray) -> tuple[IntArray, list[str]]:
    """Position of each topic among `names`, -1 without a weight, and one note per topic without a weight."""
    position, distinct = pd.factorize(topic)
    place = {name: at for at, name in enumerate(names)}
    by_distinct = np.array([place.get(folded(str(name)), -1) for name in distinct] + [-1], dtype=np.int64)
    lost = np.bincount(position[position >= 0], amount[position >= 0], len(distinct)) if len(distinct) else np.zeros(0)
    without = sorted(
        (str(name), int(lost[at])) for at, name in enumerate(distinct) if by_distinct[at] < 0 and lost[at] > 0
    )
    notes = [
        f"Topic '{name}' has no row in seeds/rules/intent_topics.csv: {total} person-days counted with weight 0."
        for name, total in without
    ]
    return by_distinct[position], notes


def _exposures(
    calendar: ExposureCalendar, accounts: Accounts, tracked: IntArray, parameters: Parameters, as_of: dt.date
) -> tuple[FloatArray, FloatArray]:
    """ER and EB of each account by its country's calendar and its number of tracked days."""
    longest = int(tracked.max(initial=0))
    recent, baseline = np.zeros(len(accounts)), np.zeros(len(accounts))
    country = codes(accounts.rows["country_code"].astype("str"), pd.Index(calendar.countries, dtype="str"))
    for at, name in [(-1, ""), *enumerate(calendar.countries)]:
        chosen = country == at
        if not chosen.any():
            continue
        factors = calendar.factors(name, day(as_of) - longest + 1, day(as_of)) if longest else np.zeros(0)
        recent[chosen] = decayed_exposure(factors, parameters.intent_short_half_life_days)[tracked[chosen]]
        baseline[chosen] = decayed_exposure(
            factors, parameters.intent_long_half_life_days, parameters.intent_baseline_lag_days
        )[tracked[chosen]]
    return recent, baseline


def _panel_mean(cells: Cells, topics: int, recent_exposure: FloatArray, baseline_exposure: FloatArray) -> FloatArray:
    """Person-days per unit of exposure of each topic over all accounts; from recent days while no baseline exists."""
    if baseline_exposure.sum() > 0:
        return group_sums(cells.topic, cells.baseline, topics) / float(baseline_exposure.sum())
    if recent_exposure.sum() > 0:
        return group_sums(cells.topic, cells.recent, topics) / float(recent_exposure.sum())
    return np.zeros(topics)


def _dispersion(
    recent: FloatArray,
    expected: FloatArray,
    variance: FloatArray,
    baseline_exposure: FloatArray,
    parameters: Parameters,
) -> float:
    """Pearson chi-square per degree of freedom of accounts with a full baseline and enough expected research, in [1, 5].

    Taken from the median, as the accounts that surge are not noise: with a third of a simulated panel in a surge the mean
    gives 3.1 and finds 26% of the surges in 21 days, the median 1.5 and 50%.
    """
    judged = (baseline_exposure >= parameters.intent_min_exposure_days) & (
        expected >= parameters.intent_dispersion_min_expected
    )
    if judged.sum() < MIN_DISPERSION_ACCOUNTS:
        return DISPERSION_RANGE[0]
    squares = (recent[judged] - expected[judged]) ** 2 / (variance[judged] * expected[judged])
    return float(np.clip(np.median(squares) / CHI_SQUARE_MEDIAN, *DISPERSION_RANGE))


def _level(recent: FloatArray) -> FloatArray:
    """1 - exp(-R/R_p90), R_p90 being the 90th percentile among accounts with any research."""
    some = recent[recent > 0]
    if not len(some):
        return np.zeros(len(recent))
    return np.asarray(1 - np.exp(-recent / np.quantile(some, 0.9)), dtype=np.float64)


def _top_topics(cells: Cells, topics: Topics, size: int) -> pd.Series:
    """Up to three topics with the most weighted recent research, joined by `|`; null without research."""
    amount = topics.weights[cells.topic] * cells.recent
    order = np.lexsort((cells.topic, -amount, cells.account))
    order = order[amount[order] > 0]
    account, topic = cells.account[order], cells.topic[order]
    begins = starts(account)
    rank = np.arange(len(account)) - np.repeat(begins, np.diff(np.append(begins, len(account))))
    base = len(topics.names) + 1
    code = np.zeros(size, dtype=np.int64)
    for place in range(3):
        chosen = rank == place
        code[account[chosen]] += (topic[chosen] + 1) * base**place
    distinct, inverse = np.unique(code, return_inverse=True)
    texts = [
        "|".join(topics.names[part - 1] for part in (value % base, value // base % base, value // base**2) if part)
        or None
        for value in distinct.tolist()
    ]
    return pd.Series(pd.array(texts, dtype="str").take(inverse))
