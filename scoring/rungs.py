"""The rungs of the ladder of fit models, from the expert's points to boosted trees: how each learns and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from scoring import logistic
from scoring.features import Design
from scoring.folds import inner_splits
from scoring.inputs import BoolArray, FloatArray, IntArray
from scoring.recalibration import fit_line

if TYPE_CHECKING:
    import lightgbm

RULES, PRIOR_MEAN, RIDGE, TREES = RUNGS = ("rules", "prior_mean", "ridge", "trees")
PENALTIES: Final = (1.0, 3.0, 10.0, 30.0, 100.0)
# Columns that may be learned: with a prior a quarter of the positives, as a column left alone keeps what the expert said.
POSITIVES_PER_COLUMN: Final = 4
MAX_ROUNDS: Final = 600
MAX_STOPS: Final = 5  # rows learned from without are dealt out twice; trees, the dearest to fit, look once
MAX_REFIT_ROWS: Final = 20_000
PATIENCE: Final = 30
_TREE_SETTINGS: Final = {
    "objective": "binary",
    "learning_rate": 0.05,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_row_wise": True,
    # Two threads wait for each other: on a machine that does other work too they take ten times as long as one.
    "num_threads": 1,
    "seed": 7,
    "verbosity": -1,
    "feature_pre_filter": False,
}


@dataclass(frozen=True)
class Examples:
    """Training rows in order of account_id.

    Attributes
    ----------
    ids, groups : account and its ultimate parent
    index_days : day before which everything was known, as days since 1970-01-01
    is_positive : outcome
    expert : (n,) log-odds of the expert's points above an average account
    design, values : columns and their (n, k) values, NaN where unknown
    """

    ids: Sequence[str]
    groups: Sequence[str]
    index_days: IntArray
    is_positive: BoolArray
    expert: FloatArray
    design: Design
    values: FloatArray

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, rows: IntArray) -> Examples:
        """Some of the rows."""
        return Examples(
            [self.ids[at] for at in rows.tolist()],
            [self.groups[at] for at in rows.tolist()],
            self.index_days[rows],
            self.is_positive[rows],
            self.expert[rows],
            self.design,
            self.values[rows],
        )


class Rung(Protocol):
    """A fitted rung."""

    @property
    def name(self) -> str:
        """One of RUNGS."""

    def log_odds(self, expert: FloatArray, design: Design, values: FloatArray) -> FloatArray:
        """(n,) uncalibrated log-odds."""

    def contributions(self, expert: FloatArray, design: Design, values: FloatArray) -> tuple[float, FloatArray]:
        """Log-odds of an average account and (n, k) parts per column that add up to `log_odds` with it."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for storage."""


@dataclass(frozen=True)
class RulesRung:
    """The expert's points, with the level and where there are outcomes enough the spread corrected."""

    intercept: float
    slope: float
    name: str = RULES

    def log_odds(self, expert: FloatArray, design: Design, values: FloatArray) -> FloatArray:
        """(n,) uncalibrated log-odds."""
        return np.asarray(self.intercept + self.slope * expert, dtype=np.float64)

    def contributions(self, expert: FloatArray, design: Design, values: FloatArray) -> tuple[float, FloatArray]:
        """Each row of the profile at its points; an account without any is the average one."""
        weights = np.array([column.prior if column.source == "icp" else 0.0 for column in design.columns])
        return self.intercept, self.slope * np.nan_to_num(values) * weights

    def to_dict(self) -> dict[str, Any]:
        """Plain values for storage."""
        return {"name": self.name, "intercept": self.intercept, "slope": self.slope}


@dataclass(frozen=True)
class LinearRung:
    """Logistic regression on standardised columns, pulled towards the expert (prior_mean) or towards nothing (ridge)."""

    name: str
    intercept: float
    weights: FloatArray
    penalty: float

    def log_odds(self, expert: FloatArray, design: Design, values: FloatArray) -> FloatArray:
        """(n,) uncalibrated log-odds."""
        return logistic.Line(self.intercept, self.weights).log_odds(design.linear(values))

    def contributions(self, expert: FloatArray, design: Design, values: FloatArray) -> tuple[float, FloatArray]:
        """Weight times distance from the mean of training."""
        return self.intercept, design.linear(values) * self.weights

    def to_dict(self) -> dict[str, Any]:
        """Plain values for storage."""
        return {
            "name": self.name,
            "intercept": self.intercept,
            "weights": self.weights.tolist(),
            "penalty": self.penalty,
        }


@dataclass(frozen=True)
class TreesRung:
    """Boosted trees by LightGBM, monotone where the registry says so."""

    text: str
    name: str = TREES

    def log_odds(self, expert: FloatArray, design: Design, values: FloatArray) -> FloatArray:
        """(n,) uncalibrated log-odds."""
        return np.asarray(
            self._booster().predict(values, raw_score=True, num_threads=_threads(values)), dtype=np.float64
        )

    def contributions(self, expert: FloatArray, design: Design, values: FloatArray) -> tuple[float, FloatArray]:
        """TreeSHAP values; LightGBM's own, whose bias is the mean log-odds of training."""
        parts = np.asarray(
            self._booster().predict(values, pred_contrib=True, num_threads=_threads(values)), dtype=np.float64
        )
        return float(parts[0, -1]) if len(parts) else 0.0, parts[:, :-1]

    def _booster(self) -> lightgbm.Booster:
        # Imported where it is used: a night that only scores by rules need not wait for it.
        import lightgbm

        return lightgbm.Booster(model_str=self.text)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for storage."""
        return {"name": self.name, "text": self.text}


def _threads(values: FloatArray) -> int:
    return 2 if len(values) > MAX_REFIT_ROWS else 1


def read_rung(stored: Mapping[str, Any]) -> Rung:
    """The rung that `to_dict` described."""
    if stored["name"] == RULES:
        return RulesRung(stored["intercept"], stored["slope"])
    if stored["name"] == TREES:
        return TreesRung(stored["text"])
    return LinearRung(stored["name"], stored["intercept"], np.array(stored["weights"]), stored["penalty"])


def fit_rung(name: str, examples: Examples, min_wins_for_slope: int) -> Rung:
    """A rung, tuned on the examples and fitted to all of them.

    Parameters
    ----------
    examples : with both outcomes
    min_wins_for_slope : positives from which the spread of the expert's points is corrected too
    """
    if name == RULES:
        positives = int(examples.is_positive.sum())
        line = fit_line(examples.expert, examples.is_positive, can_have_slope=positives >= min_wins_for_slope)
        return RulesRung(line.intercept, line.slope)
    if name == TREES:
        return _fit_trees(examples)
    return _fit_linear(name, examples)


def _fit_linear(name: str, examples: Examples) -> LinearRung:
    columns = examples.design.linear(examples.values)
    expert = examples.design.priors if name == PRIOR_MEAN else np.zeros(len(examples.design))
    learned = _learnable(examples.design, int(examples.is_positive.sum()))
    if name == RIDGE:
        learned = np.ones(len(examples.design), dtype=np.bool_)
    kept = columns[:, ~learned] @ expert[~learned]

    def lines(rows: IntArray) -> list[logistic.Line]:
        out, start = {}, None
        for penalty in sorted(PENALTIES, reverse=True):
            start = out[penalty] = logistic.fit(
                columns[rows][:, learned], examples.is_positive[rows], expert[learned], penalty, kept[rows], start
            )
        return [out[penalty] for penalty in PENALTIES]

    losses = np.zeros(len(PENALTIES))
    judged = 0
    for split in inner_splits(examples.groups, examples.is_positive):
        for at, line in enumerate(lines(split.train)):
            log_odds = line.log_odds(columns[split.test][:, learned]) + kept[split.test]
            losses[at] += logistic.log_loss(log_odds, examples.is_positive[split.test]).sum()
        judged += len(split.test)
    # The strongest pull among equals; without a usable split it is the strongest.
    best = max(range(len(PENALTIES)), key=lambda at: (-losses[at], PENALTIES[at]))
    chosen = lines(np.arange(len(examples)))[best]
    weights = expert.copy()
    weights[learned] = chosen.weights
    return LinearRung(name, chosen.intercept, weights, PENALTIES[best])


def _learnable(design: Design, positives: int) -> BoolArray:
    """Columns that outcomes may move: as many as a quarter of the positives, those of most expert weight first."""
    allowed = max(1, positives // POSITIVES_PER_COLUMN)
    keys = [column.key for column in design.columns]
    order = sorted(range(len(keys)), key=lambda at: (-abs(design.priors[at]), keys[at]))
    out = np.zeros(len(keys), dtype=np.bool_)
    out[order[:allowed]] = True
    return out


def _fit_trees(examples: Examples) -> TreesRung:
    """Boosting stops where rows that it did not learn from get no better.

    The rounds of up to five such stops are averaged and all rows are learned from; where rows abound the first model is kept,
    which saw four fifths of them.
    """
    import lightgbm

    settings = _TREE_SETTINGS | {
        "num_leaves": 15 if len(examples) >= 5000 else 7,
        "min_child_samples": max(10, len(examples) // 30) if len(examples) < 30_000 else 1000,
        "monotone_constraints": [column.monotone for column in examples.design.columns],
    }
    target = examples.is_positive.astype(np.float64)
    rounds = []
    booster = None
    for split in islice(inner_splits(examples.groups, examples.is_positive), MAX_STOPS):
        train = lightgbm.Dataset(examples.values[split.train], target[split.train], params={"verbosity": -1})
        test = lightgbm.Dataset(examples.values[split.test], target[split.test], reference=train)
        booster = lightgbm.train(
            settings, train, MAX_ROUNDS, [test], callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)]
        )
        rounds.append(max(1, booster.best_iteration))
    if len(examples) > MAX_REFIT_ROWS and booster is not None:
        return TreesRung(booster.model_to_string(num_iteration=booster.best_iteration))
    whole = lightgbm.Dataset(examples.values, target, params={"verbosity": -1})
    final = lightgbm.train(settings, whole, max(1, round(float(np.mean(rounds)))) if rounds else PATIENCE)
    return TreesRung(final.model_to_string())
