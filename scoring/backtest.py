"""Past nights against what happened: precision at the top, lift by tenth, calibration of tiers and queue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring.evaluation import lift_table
from scoring.inputs import NO_DATE, BoolArray, day, days, require

OUTCOMES = {"qualified opportunity": "first_sqo_date", "won": "first_won_date"}


@dataclass(frozen=True)
class Backtest:
    """What past nights were worth.

    Attributes
    ----------
    nights : per night: as_of_date, account_count, positive_count, is_matured, and what each k of the best reached
    precision : group (Tier 1, all better tiers, best by composite, queue), account_count, positive_count, precision, base_rate,
        lift; matured nights together. The base rate is that of those among whom was chosen: for the queue only who could be
        queued, as open deals and recent contact, which announce an outcome, keep an account out of it
    lift : tenths of the composite, see `evaluation.lift_table`, without probabilities
    tiers, queue : calibration: group, account_count, positive_count, positive_share, for the queue also the mean probability said
    notes : sentences about what was left out and how to read it
    """

    nights: pd.DataFrame
    precision: pd.DataFrame
    lift: pd.DataFrame
    tiers: pd.DataFrame
    queue: pd.DataFrame
    notes: tuple[str, ...]


def judge(
    nights: pd.DataFrame, outcomes: pd.DataFrame, known_until: dt.date, horizon_days: int, outcome: str
) -> Backtest:
    """Judge replayed nights by outcomes that came within the horizon after each.

    Parameters
    ----------
    nights : one row per night and account: as_of_date, account_id, tier, composite_score, is_better_tier (not the last tier),
        queue_probability (null where the account was not queued), could_be_queued (nothing held it back, and a rep had somebody
        to contact)
    outcomes : account_id, first_sqo_date, first_won_date, as known at `known_until`
    known_until : last day whose outcomes are known
    horizon_days : days after a night within which the outcome counts
    outcome : a key of OUTCOMES

    Notes
    -----
    An account that had the outcome on or before a night is no candidate of that night. A night counts when its whole horizon
    has passed; the same account may be a candidate of several nights.
    """
    require(
        nights,
        "nights",
        [
            "as_of_date",
            "account_id",
            "tier",
            "composite_score",
            "is_better_tier",
            "queue_probability",
            "could_be_queued",
        ],
    )
    require(outcomes, "outcomes", ["account_id", *OUTCOMES.values()])
    reached = outcomes.drop_duplicates("account_id").set_index("account_id")[OUTCOMES[outcome]]
    rows = nights.sort_values(["as_of_date", "account_id"]).reset_index(drop=True)
    at = days(rows["as_of_date"])
    when = days(reached.reindex(rows["account_id"]).reset_index(drop=True))
    has_had = (when != NO_DATE) & (when <= at)
    is_positive = (when != NO_DATE) & (when > at) & (np.where(when == NO_DATE, 0, when) - at <= horizon_days)
    is_matured = at + horizon_days <= day(known_until)
    rows = rows.assign(is_positive=is_positive, is_matured=is_matured)[~has_had].reset_index(drop=True)
    judged = rows[rows["is_matured"]].reset_index(drop=True)

    notes = []
    young = rows.loc[~rows["is_matured"], "as_of_date"].nunique()
    if young:
        notes.append(f"{young} nights are younger than {horizon_days} days and are not judged.")
    if not len(judged):
        notes.append("No night has matured: nothing can be said yet.")
    elif not judged["is_positive"].any():
        notes.append(f"No account had the outcome '{outcome}' within {horizon_days} days of a judged night.")
    return Backtest(
        _by_night(rows),
        _precision(judged),
        _lift(judged),
        _groups(judged, judged["tier"].astype("str").tolist()),
        _queue(judged),
        tuple(notes),
    )


def _by_night(rows: pd.DataFrame) -> pd.DataFrame:
    grouped = rows.groupby("as_of_date", sort=True)
    table = grouped.agg(
        account_count=("account_id", "size"),
        positive_count=("is_positive", "sum"),
        is_matured=("is_matured", "first"),
    )
    better, queued = rows[rows["is_better_tier"].astype(bool)], rows[rows["queue_probability"].notna()]
    table["better_tier_precision"] = better.groupby("as_of_date")["is_positive"].mean()
    table["queue_precision"] = queued.groupby("as_of_date")["is_positive"].mean()
    table["base_rate"] = grouped["is_positive"].mean()
    return table.reset_index()


def _precision(judged: pd.DataFrame) -> pd.DataFrame:
    """Share of positives among the best k of each night by composite, k being as many as the tier or queue has."""
    names = sorted(judged["tier"].dropna().unique())[:1] if len(judged) else []
    everyone = np.ones(len(judged), dtype=np.bool_)
    chosen = [(str(name), (judged["tier"] == name).to_numpy(), everyone) for name in names]
    if len(judged):
        chosen.append(("all better tiers", judged["is_better_tier"].to_numpy(dtype=np.bool_), everyone))
        for share in (0.01, 0.05, 0.1):
            chosen.append((f"best {share:.0%} by composite", _best(judged, share), everyone))
        chosen.append(("queue", judged["queue_probability"].notna().to_numpy(), _could_be_queued(judged)))
    rows = []
    for name, is_chosen, is_among in chosen:
        base = float(judged.loc[is_among, "is_positive"].mean()) if is_among.any() else np.nan
        count, positives = int(is_chosen.sum()), int(judged.loc[is_chosen, "is_positive"].sum())
        precision = positives / count if count else np.nan
        rows.append((name, count, positives, precision, base, precision / base if base else np.nan))
    columns = ["group", "account_count", "positive_count", "precision", "base_rate", "lift"]
    return pd.DataFrame(rows, columns=columns)


def _could_be_queued(judged: pd.DataFrame) -> BoolArray:
    return np.asarray(judged["could_be_queued"].astype(bool) | judged["queue_probability"].notna(), dtype=np.bool_)


def _best(judged: pd.DataFrame, share: float) -> BoolArray:
    rank = judged.groupby("as_of_date")["composite_score"].rank(ascending=False, method="first", na_option="bottom")
    size = judged.groupby("as_of_date")["account_id"].transform("size")
    return np.asarray(rank <= np.maximum(1, np.floor(share * size)), dtype=np.bool_)


def _lift(judged: pd.DataFrame) -> pd.DataFrame:
    """Tenths within each night, so that a night with higher scores does not fill the best tenth alone."""
    if not len(judged):
        return pd.DataFrame(columns=["part", "row_count", "positive_count", "positive_share", "lift"])
    rank = judged.groupby("as_of_date")["composite_score"].rank(pct=True, na_option="top").to_numpy()
    table = lift_table(rank, judged["is_positive"].to_numpy(dtype=np.bool_))
    return table.drop(columns="mean_probability")


def _groups(judged: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    table = (
        judged.assign(group=list(groups))
        .groupby("group", sort=True)
        .agg(account_count=("is_positive", "size"), positive_count=("is_positive", "sum"))
    )
    return table.assign(positive_share=table["positive_count"] / table["account_count"]).reset_index()


def _queue(judged: pd.DataFrame, parts: int = 3) -> pd.DataFrame:
    """Queued accounts by what the queue said, in thirds; those that it left out; and those that could not be queued."""
    said = judged["queue_probability"].to_numpy(dtype=np.float64, na_value=np.nan)
    queued = np.flatnonzero(~np.isnan(said))
    left_out, held_back = "left out", "could not be queued"
    groups = np.where(_could_be_queued(judged), left_out, held_back).astype(object)
    order = queued[np.argsort(-said[queued], kind="stable")]
    names = ["likeliest third", "middle third", "least likely third"]
    for place, row in enumerate(order.tolist()):
        groups[row] = names[place * parts // len(order)]
    table = _groups(judged, [str(name) for name in groups])
    means = judged.assign(group=groups).groupby("group")["queue_probability"].mean()
    order_shown = [*names, left_out, held_back]
    table = table.assign(place=[order_shown.index(name) for name in table["group"]])
    table = table.sort_values("place", ignore_index=True).drop(columns="place")
    return table.assign(mean_probability=table["group"].map(means))
