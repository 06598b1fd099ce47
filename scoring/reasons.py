"""Why a score is what it is: rows of points that add up to it, in English and Japanese."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring.inputs import FloatArray, IntArray, dates, day, packed, starts
from scoring.results import repeated

# Reasons that are arithmetic and not news: where the scale starts, where it ends, what could not be seen.
STRUCTURAL = ("base", "cap", "missing", "none")
POINT_STEPS = 10_000  # ranks compare points to 1/10000; ties go by the reason's name


@dataclass(frozen=True)
class ReasonBlock:
    """Reason rows that share a list of texts: row i says `texts[entry[i]]` about account `account[i]`.

    Attributes
    ----------
    account : positions in the sorted account ids
    entry : positions in `texts`
    points : share of the score, positive or negative
    texts : (reason, English, Japanese); a reason is a stable key, `kind:detail`
    """

    account: IntArray
    entry: IntArray
    points: FloatArray
    texts: Sequence[tuple[str, str, str]]


def same_text(account: IntArray, points: FloatArray, reason: str, text_en: str, text_ja: str) -> ReasonBlock:
    """Block whose rows all say the same."""
    return ReasonBlock(account, np.zeros(len(account), dtype=np.int64), points, [(reason, text_en, text_ja)])


def is_structural(reason: str) -> bool:
    """Whether a reason is arithmetic (base, cap, missing, none) and never shown as a driver."""
    return reason.split(":", 1)[0] in STRUCTURAL


def assemble(score: str, ids: pd.Index[str], blocks: Iterable[ReasonBlock], as_of: dt.date) -> pd.DataFrame:
    """Rows of `score_reasons` for one score, drivers first by size of their points, then the structural rows.

    Returns
    -------
    account_id, score, rank (1 = largest), reason, points, text_en, text_ja, as_of_date; sorted by account_id, rank.
    """
    filled = [block for block in blocks if len(block.account)]
    texts: list[tuple[str, str, str]] = []
    entries = []
    for block in filled:
        entries.append(block.entry + len(texts))
        texts.extend(block.texts)
    account = np.concatenate([block.account for block in filled]) if filled else np.zeros(0, dtype=np.int64)
    points = np.concatenate([block.points for block in filled]) if filled else np.zeros(0)
    entry = np.concatenate(entries) if entries else np.zeros(0, dtype=np.int64)

    alphabetical = sorted(range(len(texts)), key=lambda at: texts[at])
    place = np.zeros(len(texts), dtype=np.int64)
    place[alphabetical] = np.arange(len(texts))
    structural = np.array([is_structural(reason) for reason, _, _ in texts], dtype=np.int64)
    smallness = 200 * POINT_STEPS - np.minimum(np.round(np.abs(points) * POINT_STEPS), 200 * POINT_STEPS).astype(
        np.int64
    )
    order = np.argsort(
        packed(
            [
                (account, len(ids)),
                (structural[entry] if len(texts) else entry, 1),
                (smallness, 200 * POINT_STEPS),
                (place[entry] if len(texts) else entry, max(len(texts), 1)),
            ]
        ),
        kind="stable",
    )
    account, points, entry = account[order], points[order], entry[order]
    begins = starts(account)
    rank = np.arange(len(account)) - np.repeat(begins, np.diff(np.append(begins, len(account)))) + 1
    reason, english, japanese = ([text[part] for text in texts] for part in range(3))
    return pd.DataFrame(
        {
            "account_id": ids.to_series().array.take(account),
            "score": repeated(score, len(account)),
            "rank": rank,
            "reason": _text(reason, entry),
            "points": points,
            "text_en": _text(english, entry),
            "text_ja": _text(japanese, entry),
            "as_of_date": dates(np.full(len(account), day(as_of))),
        }
    )


def top_reasons(reasons: pd.DataFrame, ups: int = 2, downs: int = 1) -> pd.DataFrame:
    """Rows to show a seller: per account and score at most `ups` positive and `downs` negative drivers, largest first.

    Parameters
    ----------
    reasons : rows of `score_reasons`, any number of scores

    Returns
    -------
    The chosen rows in their order of account_id, score, rank, with a column `direction` (up or down). Structural rows and
    rows of less than a twentieth of a point are never chosen.
    """
    kind = reasons["reason"].astype("str").str.split(":", n=1).str[0]
    news = reasons[~kind.isin(STRUCTURAL) & (reasons["points"].abs() >= 0.05)]
    news = news.assign(direction=np.where(news["points"] > 0, "up", "down")).sort_values(
        ["account_id", "score", "rank"]
    )
    place = news.groupby(["account_id", "score", "direction"], sort=False).cumcount()
    return news[place < np.where(news["direction"] == "up", ups, downs)].reset_index(drop=True)


def _text(values: Sequence[str], entry: IntArray) -> pd.api.extensions.ExtensionArray:
    return pd.array(list(values), dtype="str").take(entry)
