"""A trained fit model: what it is made of, what it says about an account, and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from scoring.calibration import Calibration
from scoring.criteria import Criteria, read_criteria
from scoring.features import POINTS_TO_LOG_ODDS, Column, Design, column_values
from scoring.inputs import BoolArray, FloatArray, IntArray
from scoring.reasons import ReasonBlock
from scoring.rungs import RULES, Rung, read_rung

CHUNK_ROWS: Final = 200_000
MAX_TEXT: Final = 255
_CRITERIA_COLUMNS: Final = (
    "criterion",
    "attribute",
    "operator",
    "value_min",
    "value_max",
    "value_text",
    "points",
    "label_en",
    "label_ja",
)


@dataclass(frozen=True)
class FitModel:
    """Everything that scoring needs, and nothing else; the same bytes give the same scores.

    Attributes
    ----------
    rung, design, calibration : what was learned
    criteria_rows : the ideal customer profile as it stood in training; a rule that is edited later does not change this model
    feature_labels : feature -> (English, Japanese)
    reference_log_odds : log-odds of the outcome among the worked accounts of training: `fit_base_points` points
    outcome, horizon_days : what the probability is a probability of
    """

    rung: Rung
    design: Design
    calibration: Calibration
    criteria_rows: tuple[Mapping[str, str], ...]
    feature_labels: Mapping[str, tuple[str, str]]
    reference_log_odds: float
    outcome: str
    horizon_days: int

    @property
    def criteria(self) -> Criteria:
        """The profile, checked."""
        return read_criteria(pd.DataFrame(list(self.criteria_rows), columns=list(_CRITERIA_COLUMNS)))

    @property
    def is_learned(self) -> bool:
        """Whether points come from outcomes; otherwise they are the expert's and only the probability is learned."""
        return self.rung.name != RULES

    def to_json(self) -> str:
        """Text for storage; equal models give equal text."""
        return json.dumps(
            {
                "rung": self.rung.to_dict(),
                "design": self.design.to_dict(),
                "calibration": self.calibration.to_dict(),
                "criteria_rows": [dict(row) for row in self.criteria_rows],
                "feature_labels": {name: list(labels) for name, labels in sorted(self.feature_labels.items())},
                "reference_log_odds": self.reference_log_odds,
                "outcome": self.outcome,
                "horizon_days": self.horizon_days,
            },
            ensure_ascii=False,
            sort_keys=True,
            allow_nan=False,
        )

    @classmethod
    def from_json(cls, text: str) -> FitModel:
        """The model that `to_json` wrote."""
        stored = json.loads(text)
        return cls(
            read_rung(stored["rung"]),
            Design.from_dict(stored["design"]),
            Calibration.from_dict(stored["calibration"]),
            tuple(stored["criteria_rows"]),
            {name: (labels[0], labels[1]) for name, labels in stored["feature_labels"].items()},
            stored["reference_log_odds"],
            stored["outcome"],
            stored["horizon_days"],
        )

    @property
    def fingerprint(self) -> str:
        """First 10 hex digits of the SHA-256 of the text."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Opinion:
    """What a model says about accounts.

    Attributes
    ----------
    raw : (n,) uncalibrated log-odds
    log_odds : (n,) calibrated log-odds
    probability, low, high : (n,) in (0, 1); the bounds are Venn-Abers, NaN without them
    """

    raw: FloatArray
    log_odds: FloatArray
    probability: FloatArray
    low: FloatArray
    high: FloatArray


def stored_criteria(rows: pd.DataFrame) -> tuple[dict[str, str], ...]:
    """Rows of `icp_criteria` as plain text, in one order."""
    checked = read_criteria(rows)
    table = checked.table.rows
    texts = {name: ["" if pd.isna(value) else str(value) for value in table[name]] for name in _CRITERIA_COLUMNS}
    return tuple({name: texts[name][at] for name in _CRITERIA_COLUMNS} for at in range(len(table)))


def expert_log_odds(criteria: Criteria, rows: pd.DataFrame) -> FloatArray:
    """(n,) log-odds of the points of the matching rows of the profile."""
    matches, _ = criteria.evaluate(rows)
    total = np.zeros(len(rows))
    for at, is_match in enumerate(matches):
        total += np.where(is_match, criteria.points[at], 0.0)
    return np.asarray(total * POINTS_TO_LOG_ODDS, dtype=np.float64)


def opinion(model: FitModel, rows: pd.DataFrame, index_years: FloatArray) -> Opinion:
    """What the model says about each row.

    Parameters
    ----------
    rows : accounts with every attribute of the profile and source column of the features
    index_years : (n,) year of the day as of which the rows stand
    """
    criteria = model.criteria
    raw = np.empty(len(rows))
    for part in _chunks(len(rows)):
        piece = rows.iloc[part]
        values = column_values(piece, index_years[part], criteria, model.design.columns)
        raw[part] = model.rung.log_odds(expert_log_odds(criteria, piece), model.design, values)
    low, high = model.calibration.interval(raw)
    return Opinion(raw, model.calibration.log_odds(raw), model.calibration.probability(raw), low, high)


def explain(
    model: FitModel, rows: pd.DataFrame, index_years: FloatArray, is_known: BoolArray, base_points: float
) -> Iterator[ReasonBlock]:
    """Reasons in points that add up to base_points + (log-odds - reference) x 10 / ln 2, one per group of columns."""
    criteria = model.criteria
    for part in _chunks(len(rows)):
        places = np.arange(part.start, part.stop)[is_known[part]]
        piece = rows.iloc[places]
        values = column_values(piece, index_years[places], criteria, model.design.columns)
        average, parts = model.rung.contributions(expert_log_odds(criteria, piece), model.design, values)
        scale = model.calibration.slope / POINTS_TO_LOG_ODDS
        start = base_points + (model.calibration.log_odds(np.array([average]))[0] - model.reference_log_odds) / (
            POINTS_TO_LOG_ODDS
        )
        text = [("base", "Starting point: an average account", "出発点：平均的な企業")]
        yield ReasonBlock(places, np.zeros(len(places), np.int64), np.full(len(places), start), text)
        for group in sorted({column.group for column in model.design.columns}):
            own = [at for at, column in enumerate(model.design.columns) if column.group == group]
            points = parts[:, own].sum(axis=1) * scale
            entry, texts = _texts(model, criteria, group, own, values)
            yield ReasonBlock(places, entry, points, [(f"fit:{group}"[:MAX_TEXT], *pair) for pair in texts])


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, CHUNK_ROWS):
        yield slice(start, min(start + CHUNK_ROWS, count))


def _texts(
    model: FitModel, criteria: Criteria, group: str, own: Sequence[int], values: FloatArray
) -> tuple[IntArray, list[tuple[str, str]]]:
    """Text of a group for each row: what matches, else the number, else that nothing does."""
    columns = [model.design.columns[at] for at in own]
    matching = [
        at for at, column in zip(own, columns, strict=True) if column.source in ("icp", "category", "list", "flag")
    ]
    numeric = [at for at, column in zip(own, columns, strict=True) if at not in matching]
    count = len(values)
    # The rows of the profile come first: their wording is the expert's.
    first = np.full(count, -1, dtype=np.int64)
    for at in reversed(matching):
        first[np.nan_to_num(values[:, at]) > 0] = at
    number = np.full(count, np.nan)
    if numeric:
        number = np.where(first < 0, _rounded(_shown(model.design.columns[numeric[0]], values[:, numeric[0]])), np.nan)
    coded = np.stack((first.astype(np.float64), np.where(np.isnan(number), -1.0, number)))
    kinds, entry = np.unique(coded, axis=1, return_inverse=True)
    texts = []
    for match, value in kinds.T.tolist():
        if match >= 0:
            texts.append(_matched(model, criteria, model.design.columns[int(match)]))
        elif value >= 0:
            english, japanese = _labels(model, model.design.columns[numeric[0]])
            texts.append((f"{english}: about {value:,.12g}", f"{japanese}：約{value:,.12g}"))
        elif len(columns) == 1 and columns[0].source in ("icp", "list", "flag"):
            english, japanese = _matched(model, criteria, columns[0])
            texts.append((f"Not so: {english}", f"該当せず：{japanese}"))
        else:
            texts.append((f"{_plain(group)}: unknown or none of the listed", f"{_plain(group)}：不明または該当なし"))
    return entry.reshape(-1).astype(np.int64), [(_cut(english), _cut(japanese)) for english, japanese in texts]


def _matched(model: FitModel, criteria: Criteria, column: Column) -> tuple[str, str]:
    if column.source == "icp":
        return criteria.labels[int(column.detail)]
    english, japanese = _labels(model, column)
    value = column.detail.partition("=")[2]
    return (f"{english}: {value}", f"{japanese}：{value}") if value else (english, japanese)


def _labels(model: FitModel, column: Column) -> tuple[str, str]:
    name = column.key.partition(":")[0]
    return model.feature_labels.get(name, (_plain(name), _plain(name)))


def _shown(column: Column, values: FloatArray) -> FloatArray:
    """Values as a seller knows them."""
    return np.expm1(values) if column.source == "logarithm" else values


def _rounded(values: FloatArray) -> FloatArray:
    """Two significant digits: the text is a hint, the points are exact."""
    size = np.where(np.nan_to_num(np.abs(values)) > 0, np.abs(values), 1.0)
    unit = 10.0 ** (np.floor(np.log10(size)) - 1)
    return np.where(np.isnan(values), np.nan, np.round(values / unit) * unit)


def _plain(name: str) -> str:
    return name.replace("_", " ").replace(":", ": ")


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
