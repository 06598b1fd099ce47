"""Which fit model is in force, which score in shadow, and whether a challenger may take over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from scoring import logistic
from scoring.evaluation import measure
from scoring.fit_model import FitModel
from scoring.inputs import BoolArray, FloatArray, day, days
from scoring.parameters import Parameters

RULES_ONLY: Final = "rules"
TRAINED, PROMOTED, ROLLED_BACK = EVENTS = ("trained", "promoted", "rolled_back")
_RESAMPLES: Final = 2_000
_SEED: Final = 7


class RegistryError(ValueError):
    """A model that is not there, or a step that the registry does not allow."""


@dataclass(frozen=True)
class Standing:
    """Models as of a day.

    Attributes
    ----------
    champion : version in force; `RULES_ONLY` for the rules alone
    previous : versions that were in force before, the latest last, to which a rollback returns
    challengers : version of the last model that was trained and is not in force, if any: it scores in shadow
    since : as-of date of the event that put the champion in force; None for the rules of the beginning
    """

    champion: str
    previous: tuple[str, ...]
    challengers: tuple[str, ...]
    since: dt.date | None


@dataclass(frozen=True)
class Gate:
    """One condition of promotion, with what was seen."""

    name: str
    is_passed: bool
    seen: str


def standing(events: pd.DataFrame, as_of: dt.date) -> Standing:
    """Who is in force on a day, from the events up to it.

    Parameters
    ----------
    events : rows of fit_model_events: event_number, event, model_version, as_of_date

    Notes
    -----
    A promotion puts its version on top of a stack that begins with the rules; a rollback takes the top away. A night that is
    replayed sees what was in force then.
    """
    known = events[days(events["as_of_date"]) <= day(as_of)].sort_values("event_number")
    stack: list[tuple[str, dt.date | None]] = [(RULES_ONLY, None)]
    trained: list[str] = []
    for event, version, at in zip(
        known["event"].tolist(), known["model_version"].tolist(), pd.to_datetime(known["as_of_date"]), strict=True
    ):
        if event == TRAINED:
            trained.append(version)
        elif event == PROMOTED:
            stack.append((version, at.date()))
        elif len(stack) > 1:
            stack.pop()
    champion, since = stack[-1]
    newest = [version for version in trained if version != champion]
    return Standing(champion, tuple(version for version, _ in stack[:-1]), tuple(newest[-1:]), since)


def models_in_force(
    models: pd.DataFrame, events: pd.DataFrame, as_of: dt.date
) -> tuple[FitModel | None, dict[str, FitModel]]:
    """The champion, None for the rules alone, and the challengers that score in shadow.

    A champion that is not in force any more goes on in shadow, so that a rollback finds what it would have said.

    Raises
    ------
    RegistryError
        If the champion's row is not in the table.
    """
    now = standing(events, as_of)
    texts: dict[str, str] = dict(zip(models["model_version"].tolist(), models["artefact"].tolist(), strict=True))
    if now.champion != RULES_ONLY and now.champion not in texts:
        raise RegistryError(
            f"scoring.fit_models has no row of {now.champion}, which is in force. Expected: the row that training wrote. "
            "`abm score rollback` returns to the model before it."
        )
    champion = FitModel.from_json(texts[now.champion]) if now.champion != RULES_ONLY else None
    shadow = {*now.challengers, *now.previous} - {now.champion, RULES_ONLY}
    return champion, {version: FitModel.from_json(texts[version]) for version in sorted(shadow) if version in texts}


def version_name(trained_on: dt.date, model: FitModel) -> str:
    """Name of a model: day, rung and fingerprint; the same data, rules and day give the same name."""
    return f"fit-{trained_on:%Y%m%d}-{model.rung.name}-{model.fingerprint}"


def promotion_gates(
    challenger: FloatArray,
    champion: FloatArray,
    is_positive: BoolArray,
    shadow_days: int,
    tier_change_share: float,
    blocked_by: str,
    parameters: Parameters,
) -> list[Gate]:
    """Conditions under which a challenger takes over.

    Parameters
    ----------
    challenger, champion : (n,) log-odds of accounts that were first worked after the challenger was trained and have matured
    is_positive : (n,) their outcome
    shadow_days : days for which the challenger has scored beside the champion
    tier_change_share : share of the accounts in the better tiers tonight that would change their tier
    blocked_by : what the leak guard wants explained first, '' for nothing

    Notes
    -----
    A quarter in shadow; the 90% interval of a paired bootstrap of the log-loss difference below 0; AUC not worse by more than
    0.01; calibration slope within [0.8, 1.25]; few tiers changed (numbers: rows `fit_promotion_*` of scoring_parameters).
    """
    gates = [
        Gate("nothing is left to explain", not blocked_by, blocked_by or "the leak guard found nothing that blocks"),
        Gate(
            f"{parameters.fit_promotion_min_shadow_days} days in shadow",
            shadow_days >= parameters.fit_promotion_min_shadow_days,
            f"{shadow_days} days",
        ),
        Gate(
            f"at most {parameters.fit_promotion_max_tier_change:.0%} of tiers change",
            tier_change_share <= parameters.fit_promotion_max_tier_change,
            f"{tier_change_share:.1%} would change",
        ),
    ]
    positives, rows = int(is_positive.sum()), len(is_positive)
    if min(positives, rows - positives) < parameters.fit_min_wins_for_intercept:
        seen = f"{positives} positives among {rows} accounts that were worked since training and have matured"
        return [*gates, Gate("better on later accounts", False, seen)]
    difference = logistic.log_loss(challenger, is_positive) - logistic.log_loss(champion, is_positive)
    low, high = bootstrap_interval(difference)
    theirs, ours = measure(champion, is_positive), measure(challenger, is_positive)
    return [
        *gates,
        Gate(
            "better on later accounts",
            high < 0,
            f"log loss {difference.mean():+.4f}, 90% interval {low:+.4f} to {high:+.4f}",
        ),
        Gate(
            "AUC not worse by more than 0.01", ours.auc >= theirs.auc - 0.01, f"{ours.auc:.3f} against {theirs.auc:.3f}"
        ),
        Gate("calibration slope within 0.8 and 1.25", 0.8 <= ours.slope <= 1.25, f"{ours.slope:.2f}"),
    ]


def bootstrap_interval(differences: FloatArray, share: float = 0.9) -> tuple[float, float]:
    """Interval of the mean of paired differences by resampling rows, seeded."""
    values = np.sort(differences)
    rng = np.random.Generator(np.random.PCG64(_SEED))
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(_RESAMPLES)]
    low, high = np.quantile(means, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def next_event(events: pd.DataFrame, event: str, version: str, as_of: dt.date, note: str) -> Mapping[str, object]:
    """The row to append to fit_model_events.

    Raises
    ------
    RegistryError
        If the event is older than one that is there, as a replay would then see another order than history.
    """
    if len(events):
        latest = pd.to_datetime(events["as_of_date"]).max().date()
        if as_of < latest:
            raise RegistryError(
                f"{event} as of {as_of} was asked for, but the registry's last event is of {latest}. Expected: that day or later."
            )
    number = int(events["event_number"].max()) + 1 if len(events) else 1
    return {"event_number": number, "event": event, "model_version": version, "note": note, "as_of_date": as_of}
