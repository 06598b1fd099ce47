"""Which rung of the ladder is climbed: the simplest that is as good as the best, if it is better than knowing nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring import logistic
from scoring.folds import outer_splits
from scoring.inputs import BoolArray, FloatArray
from scoring.parameters import Parameters
from scoring.rungs import PRIOR_MEAN, RIDGE, RULES, TREES, Examples, fit_rung

BASE_RATE = "base_rate"


@dataclass(frozen=True)
class Judgement:
    """How the rungs did on rows that they had not seen.

    Attributes
    ----------
    losses : rung -> (n,) log loss of each row in nats, mean over the repeats; NaN for rows that no split judged
    log_odds : rung -> (n,) uncalibrated log-odds of the same
    chosen : the rung that is climbed; `base_rate` where none is better than that
    differences : rung -> (mean, standard error) of its loss less that of the best rung
    gain : (mean, standard error) by which the base rate's loss is above that of the chosen rung, or of the best where none is
        usable
    how : how the splits came about
    """

    losses: dict[str, FloatArray]
    log_odds: dict[str, FloatArray]
    chosen: str
    differences: dict[str, tuple[float, float]]
    gain: tuple[float, float]
    how: str


def eligible_rungs(positives: int, rows: int, parameters: Parameters) -> list[str]:
    """Rungs that so many outcomes allow, simplest first."""
    rungs = [RULES]
    if positives >= parameters.fit_min_wins_for_learning:
        rungs.append(PRIOR_MEAN)
    if positives >= parameters.fit_min_wins_for_trees:
        rungs.append(RIDGE)
        if rows >= parameters.fit_min_rows_for_trees:
            rungs.append(TREES)
    return rungs


def climb(examples: Examples, horizon_days: int, parameters: Parameters) -> Judgement:
    """Judge the eligible rungs and choose one.

    Parameters
    ----------
    examples : with at least two rows of each outcome

    Notes
    -----
    One-standard-error rule on paired losses of rows, the error counting accounts of one ultimate parent as one: the simplest
    rung whose loss is within one standard error of the best one's. It is usable only if the base rate, taken as the simplest
    of all, is not within one standard error of it.
    """
    splits, how = outer_splits(examples.index_days, horizon_days, examples.groups, examples.is_positive)
    rungs = eligible_rungs(int(examples.is_positive.sum()), len(examples), parameters)
    sums = {name: np.zeros(len(examples)) for name in (BASE_RATE, *rungs)}
    margins = {name: np.zeros(len(examples)) for name in (BASE_RATE, *rungs)}
    times = np.zeros(len(examples))
    for split in splits:
        train, test = examples.part(split.train), examples.part(split.test)
        rate = float(train.is_positive.mean())
        said = {BASE_RATE: np.full(len(test), np.log(rate / (1 - rate)))}
        for name in rungs:
            rung = fit_rung(name, train, parameters.fit_min_wins_for_slope)
            said[name] = rung.log_odds(test.expert, test.design, test.values)
        for name, values in said.items():
            sums[name][split.test] += logistic.log_loss(values, test.is_positive)
            margins[name][split.test] += values
        times[split.test] += 1
    judged = times > 0
    share = np.where(judged, 1 / np.maximum(times, 1), np.nan)
    losses = {name: values * share for name, values in sums.items()}
    log_odds = {name: values * share for name, values in margins.items()}

    groups = [examples.groups[at] for at in np.flatnonzero(judged).tolist()]
    means = {name: float(losses[name][judged].mean()) for name in rungs}
    best = min(rungs, key=lambda name: (means[name], rungs.index(name)))
    differences = {name: paired(losses[name][judged] - losses[best][judged], groups) for name in rungs}
    simplest = next(name for name in rungs if differences[name][0] <= differences[name][1])
    gain = paired(losses[BASE_RATE][judged] - losses[simplest][judged], groups)
    chosen = simplest if gain[0] > gain[1] else BASE_RATE
    return Judgement(losses, log_odds, chosen, differences, gain, how)


def paired(differences: FloatArray, groups: Sequence[str]) -> tuple[float, float]:
    """Mean of paired differences and its standard error, rows of one group counted as one observation."""
    code, names = pd.factorize(np.asarray(groups, dtype=object))
    mean = float(np.sort(differences).mean())
    if len(names) < 2:
        return mean, float("inf")
    by_group = np.sort(np.bincount(code, differences - mean, len(names)))
    spread = float(np.sqrt(len(names) / (len(names) - 1) * (by_group**2).sum()))
    return mean, spread / len(differences)


def is_judged(judgement: Judgement) -> BoolArray:
    """(n,) rows that some split judged."""
    return ~np.isnan(judgement.losses[BASE_RATE])
