"""Engagement in words: which touches, by how many people, how broad. Never who."""

from __future__ import annotations

import datetime as dt

import numpy as np

from scoring.inputs import BoolArray, FloatArray, IntArray
from scoring.reasons import ReasonBlock, same_text

MAX_SHOWN = 100  # persons and roles beyond it are shown as "100 or more"; keeps the number of texts finite


def explain(
    *,
    is_seen: BoolArray,
    narrow: FloatArray,
    total: FloatArray,
    before_breadth: FloatArray,
    person_count: IntArray,
    role_count: IntArray,
    account: IntArray,
    touch_type: IntArray,
    points: FloatArray,
    persons: IntArray,
    newest_age: IntArray,
    names: list[str],
    labels: list[tuple[str, str]],
    as_of: dt.date,
) -> list[ReasonBlock]:
    """Reason rows of the engagement score.

    Parameters
    ----------
    narrow, total : per account: score without and with the breadth factor, 0-100
    before_breadth : per account: points of all persons
    account, touch_type, points, persons, newest_age : per account and touch type

    Returns
    -------
    Blocks whose points sum to `total` for every account that can be seen: `narrow` shared among touch types by their points,
    and one row for breadth.
    """
    return [
        _touches(narrow, before_breadth, account, touch_type, points, persons, newest_age, names, labels, as_of),
        _breadth(is_seen, total - narrow, person_count, role_count),
        same_text(
            (rows := np.flatnonzero(is_seen & (total == 0))),
            np.zeros(len(rows)),
            "none",
            "No buyer activity that counts has been seen",
            "評価対象となる購買側の活動は確認されていない",
        ),
        same_text(
            (rows := np.flatnonzero(~is_seen)),
            np.zeros(len(rows)),
            "missing",
            "Nobody at this company can be recognised yet",
            "この企業の担当者をまだ把握できていない",
        ),
    ]


def _touches(
    narrow: FloatArray,
    before_breadth: FloatArray,
    account: IntArray,
    touch_type: IntArray,
    points: FloatArray,
    persons: IntArray,
    newest_age: IntArray,
    names: list[str],
    labels: list[tuple[str, str]],
    as_of: dt.date,
) -> ReasonBlock:
    rows = np.flatnonzero(points > 0)
    whole = before_breadth[account[rows]]
    shown = np.minimum(persons[rows], MAX_SHOWN)
    ages = int(newest_age.max(initial=0)) + 1
    code = (touch_type[rows] * (MAX_SHOWN + 1) + shown) * ages + newest_age[rows]
    distinct, entry = np.unique(code, return_inverse=True)
    texts = []
    for value in distinct.tolist():
        kind, count, age = value // ages // (MAX_SHOWN + 1), value // ages % (MAX_SHOWN + 1), value % ages
        english, japanese = labels[kind]
        latest = (as_of - dt.timedelta(days=age)).isoformat()
        texts.append(
            (
                f"touch:{names[kind]}",
                f"{english[:1].upper()}{english[1:]} by {_people(count)}, latest {latest}",
                f"{japanese}（{_people_ja(count)}、直近 {latest}）",
            )
        )
    return ReasonBlock(account[rows], entry.astype(np.int64), narrow[account[rows]] * points[rows] / whole, texts)


def _breadth(is_seen: BoolArray, points: FloatArray, person_count: IntArray, role_count: IntArray) -> ReasonBlock:
    rows = np.flatnonzero(is_seen & (points != 0))
    people, roles = np.minimum(person_count[rows], MAX_SHOWN), np.minimum(role_count[rows], MAX_SHOWN)
    distinct, entry = np.unique(people * (MAX_SHOWN + 1) + roles, return_inverse=True)
    texts = []
    for value in distinct.tolist():
        count, role = value // (MAX_SHOWN + 1), value % (MAX_SHOWN + 1)
        if count == 0:
            english, japanese = "Nobody has been active recently", "最近活動した人はいない"
        elif role == 0:
            english, japanese = (
                f"{_people(count)} active, none in a known role",
                f"活動者{_people_ja(count)}、役割はいずれも不明",
            )
        else:
            in_roles = "1 known role" if role == 1 else f"{role} known roles"
            english, japanese = (
                f"{_people(count)} active, in {in_roles}",
                f"活動者{_people_ja(count)}、判明した役割は{role}種",
            )
        texts.append(("breadth", english, japanese))
    return ReasonBlock(rows, entry.astype(np.int64), points[rows], texts)


def _people(count: int) -> str:
    if count >= MAX_SHOWN:
        return f"{MAX_SHOWN} or more people"
    return "1 person" if count == 1 else f"{count} people"


def _people_ja(count: int) -> str:
    return f"{MAX_SHOWN}名以上" if count >= MAX_SHOWN else f"{count}名"
