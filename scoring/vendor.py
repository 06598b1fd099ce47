"""Surge scores of data vendors: a channel of its own beside the research that we see."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring.inputs import NO_DATE, Accounts, FloatArray, codes, day, days, floats, require, starts
from scoring.parameters import Parameters
from scoring.rules import folded

FULL_SURGE = 100.0  # end of the vendors' scale


@dataclass(frozen=True)
class VendorEvidence:
    """Vendor evidence per account.

    Attributes
    ----------
    strength : q in [0, 1], 0 without an unexpired score
    surge_score : the score behind q, NaN without one
    notes : topics without a weight
    """

    strength: FloatArray
    surge_score: FloatArray
    notes: tuple[str, ...]


def vendor_evidence(
    vendor_surge: pd.DataFrame,
    accounts: Accounts,
    names: list[str],
    weights: FloatArray,
    parameters: Parameters,
    as_of: dt.date,
) -> VendorEvidence:
    """Surge level that a quarter of an account's reported topics, by weight, reach at least.

    Parameters
    ----------
    vendor_surge : account_id, vendor, topic, week_start_date, surge_score (0-100, 50 = average)
    names, weights : topics in order of name, with weights

    Notes
    -----
    q = max(0, (s - floor)/(100 - floor)). Of each vendor and topic the latest week counts, until it is
    `intent_vendor_expiry_days` old. Topics without weight are left out: a surge on something we do not sell is no evidence.
    """
    columns = ["account_id", "vendor", "topic", "week_start_date", "surge_score"]
    require(vendor_surge, "fct_vendor_surge", columns)
    week = days(vendor_surge["week_start_date"])
    age = day(as_of) - week
    value = floats(vendor_surge, "surge_score")
    fresh = (week != NO_DATE) & (age >= 0) & (age <= parameters.intent_vendor_expiry_days) & ~np.isnan(value)
    rows, age, value = vendor_surge[fresh], age[fresh], value[fresh]
    account = codes(rows["account_id"], accounts.ids)
    position, distinct = pd.factorize(rows["topic"])
    place = {name: at for at, name in enumerate(names)}
    topic = np.array([place.get(folded(str(name)), -1) for name in distinct] + [-1], dtype=np.int64)[position]
    vendor = np.asarray(rows["vendor"].astype("str").fillna(""), dtype=object)
    notes = tuple(
        f"Vendor topic '{name}' has no row in seeds/rules/intent_topics.csv and is left out."
        for name in sorted(str(name) for name in distinct if folded(str(name)) not in place)
    )
    weight = np.append(weights, 0.0)[topic]
    kept = (account >= 0) & (weight > 0)
    account, topic, vendor, age = account[kept], topic[kept], vendor[kept], age[kept]
    value, weight = value[kept], weight[kept]
    strength, surge_score = np.zeros(len(accounts)), np.full(len(accounts), np.nan)
    if not len(account):
        return VendorEvidence(strength, surge_score, notes)

    vendor_code = np.unique(vendor.astype(str), return_inverse=True)[1]
    order = np.lexsort((-value, age, vendor_code, topic, account))
    key = np.stack((account[order], topic[order], vendor_code[order]))
    latest = order[np.concatenate(([True], (key[:, 1:] != key[:, :-1]).any(axis=0)))]
    latest = latest[np.lexsort((topic[latest], -value[latest], account[latest]))]
    account, value, weight = account[latest], value[latest], weight[latest]
    begins = starts(account)
    total = np.add.reduceat(weight, begins)
    lengths = np.diff(np.append(begins, len(account)))
    running = np.cumsum(weight)
    before = np.repeat(running[begins] - weight[begins], lengths)
    # Rounding of a running sum must not push the threshold past the row that reaches it exactly.
    reached = running - before >= parameters.intent_vendor_topic_share * np.repeat(total, lengths) - 1e-9
    first = np.minimum.reduceat(np.where(reached, np.arange(len(account)), len(account)), begins)
    surge_score[account[begins]] = value[first]
    floor = parameters.intent_vendor_floor
    strength[account[begins]] = np.clip((value[first] - floor) / (FULL_SURGE - floor), 0, 1)
    return VendorEvidence(strength, surge_score, notes)
