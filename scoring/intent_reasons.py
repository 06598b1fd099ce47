"""Intent in words: which topics, how many persons, what a vendor says."""

from __future__ import annotations

import numpy as np

from scoring.inputs import BoolArray, FloatArray, IntArray, group_sums
from scoring.reasons import ReasonBlock, same_text


def explain(
    *,
    is_tracked: BoolArray,
    account: IntArray,
    topic: IntArray,
    person_days: IntArray,
    excess: FloatArray,
    evidence: FloatArray,
    names: list[str],
    own_raw: FloatArray,
    own: FloatArray,
    total: FloatArray,
    persons: IntArray,
    full_weight_persons: int,
    vendor_score: FloatArray,
) -> list[ReasonBlock]:
    """Reason rows of the intent score.

    Parameters
    ----------
    account, topic, person_days : per cell: position of its account and topic, person-days of the last 28 days
    excess, evidence : per cell: weighted research above the usual level, and weighted research
    own_raw, own, total : per account, 0-100: before the persons gate, after it, and with the vendor
    vendor_score : per account, NaN without one

    Returns
    -------
    Blocks whose points sum to `total` for every tracked account. `own_raw` is shared among topics by their excess over the
    usual level; the gate is one negative row; the vendor adds the rest.
    """
    return [
        *_topics(is_tracked, account, topic, person_days, excess, evidence, names, own_raw),
        _persons(is_tracked, own_raw, own, persons, full_weight_persons),
        _vendor(is_tracked, total - own, vendor_score),
        *_nothing(is_tracked, (own_raw == 0) & (total == 0), persons),
    ]


def _topics(
    is_tracked: BoolArray,
    account: IntArray,
    topic: IntArray,
    person_days: IntArray,
    excess: FloatArray,
    evidence: FloatArray,
    names: list[str],
    own_raw: FloatArray,
) -> list[ReasonBlock]:
    positive = np.maximum(excess, 0.0)
    has_excess = group_sums(account, positive, len(own_raw)) > 0
    share = np.where(has_excess[account], positive, evidence)
    whole = group_sums(account, share, len(own_raw))
    points = own_raw[account] * share / np.where(whole > 0, whole, 1.0)[account]
    rows = np.flatnonzero(is_tracked[account] & (points > 0))
    largest = int(person_days.max(initial=0)) + 1
    distinct, entry = np.unique(topic[rows] * largest + person_days[rows], return_inverse=True)
    texts = [_topic_text(names[value // largest], value % largest) for value in distinct.tolist()]
    return [ReasonBlock(account[rows], entry.astype(np.int64), points[rows], texts)]


def _topic_text(name: str, count: int) -> tuple[str, str, str]:
    if count == 0:
        return (
            f"topic:{name}",
            f"Researched '{name}' more than usual some weeks ago",
            f"数週間前に「{name}」の調査が通常より増加",
        )
    unit = "person-day" if count == 1 else "person-days"
    return (
        f"topic:{name}",
        f"Researched '{name}' on {count} {unit} in the last 28 days",
        f"直近28日間に「{name}」を延べ{count}人日調査",
    )


def _persons(
    is_tracked: BoolArray, own_raw: FloatArray, own: FloatArray, persons: IntArray, full_weight_persons: int
) -> ReasonBlock:
    rows = np.flatnonzero(is_tracked & (own != own_raw))
    texts = [
        (
            "persons",
            "Nobody researched in the last 28 days"
            if count == 0
            else f"Only {count} {'person' if count == 1 else 'people'} researched in the last 28 days",
            "直近28日間に調査した人はいない" if count == 0 else f"直近28日間に調査した人は{count}名のみ",
        )
        for count in range(full_weight_persons)
    ]
    return ReasonBlock(rows, persons[rows], (own - own_raw)[rows], texts)


def _vendor(is_tracked: BoolArray, points: FloatArray, vendor_score: FloatArray) -> ReasonBlock:
    rows = np.flatnonzero(is_tracked & (points != 0))
    distinct, entry = np.unique(np.round(vendor_score[rows]), return_inverse=True)
    texts = [
        (
            "vendor",
            f"A data vendor reports a research surge of {value:.0f} (50 is average)",
            f"外部データ事業者の調査急増スコアが{value:.0f}（平均は50）",
        )
        for value in distinct.tolist()
    ]
    return ReasonBlock(rows, entry.astype(np.int64), points[rows], texts)


def _nothing(is_tracked: BoolArray, is_zero: BoolArray, persons: IntArray) -> list[ReasonBlock]:
    usual = np.flatnonzero(is_tracked & is_zero & (persons > 0))
    silent = np.flatnonzero(is_tracked & is_zero & (persons == 0))
    unseen = np.flatnonzero(~is_tracked)
    return [
        same_text(
            usual,
            np.zeros(len(usual)),
            "none:usual",
            "Research is not above this company's usual level",
            "調査の量は通常の水準を超えていない",
        ),
        same_text(
            silent, np.zeros(len(silent)), "none:silent", "No research seen in the last 28 days", "直近28日間に調査なし"
        ),
        same_text(
            unseen,
            np.zeros(len(unseen)),
            "missing",
            "Research cannot be recognised: the company has no domain of its own",
            "自社ドメインがなく、調査を把握できない",
        ),
    ]
