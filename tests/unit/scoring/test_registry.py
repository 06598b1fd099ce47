from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from scoring.parameters import Parameters
from scoring.registry import (
    PROMOTED,
    ROLLED_BACK,
    RULES_ONLY,
    TRAINED,
    RegistryError,
    models_in_force,
    next_event,
    promotion_gates,
    standing,
)

DAY = dt.date(2026, 1, 31)


def events(*rows: tuple[str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (n, event, version, "", DAY + dt.timedelta(days=days))
            for n, (event, version, days) in enumerate(rows, start=1)
        ],
        columns=["event_number", "event", "model_version", "note", "as_of_date"],
    )


def test_the_rules_are_in_force_until_a_model_is_promoted() -> None:
    now = standing(events((TRAINED, "a", 0)), DAY)
    assert (now.champion, now.challengers, now.previous) == (RULES_ONLY, ("a",), ())


def test_a_rollback_returns_to_what_was_before_and_can_be_repeated() -> None:
    history = [(TRAINED, "a", 0), (PROMOTED, "a", 1), (TRAINED, "b", 2), (PROMOTED, "b", 3)]
    assert standing(events(*history), DAY + dt.timedelta(days=9)).previous == (RULES_ONLY, "a")
    back = [*history, (ROLLED_BACK, "b", 4)]
    assert standing(events(*back), DAY + dt.timedelta(days=9)).champion == "a"
    assert standing(events(*back, (ROLLED_BACK, "a", 5)), DAY + dt.timedelta(days=9)).champion == RULES_ONLY
    assert (
        standing(events(*back, (ROLLED_BACK, "a", 5), (ROLLED_BACK, "x", 6)), DAY + dt.timedelta(9)).champion
        == RULES_ONLY
    )


def test_a_replayed_night_sees_what_was_in_force_then() -> None:
    history = events((TRAINED, "a", 0), (PROMOTED, "a", 10))
    assert standing(history, DAY + dt.timedelta(days=9)).champion == RULES_ONLY
    assert standing(history, DAY + dt.timedelta(days=10)).since == DAY + dt.timedelta(days=10)


def test_rows_of_the_log_may_come_in_any_order() -> None:
    history = events(
        (TRAINED, "a", 0), (PROMOTED, "a", 1), (TRAINED, "b", 2), (PROMOTED, "b", 3), (ROLLED_BACK, "b", 3)
    )
    assert standing(history.iloc[::-1], DAY + dt.timedelta(days=9)) == standing(history, DAY + dt.timedelta(days=9))


def test_a_champion_without_a_row_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(RegistryError, match="abm score rollback"):
        models_in_force(
            pd.DataFrame({"model_version": [], "artefact": []}), events((TRAINED, "a", 0), (PROMOTED, "a", 0)), DAY
        )


def test_events_are_numbered_on_and_never_dated_back() -> None:
    history = events((TRAINED, "a", 5))
    assert next_event(history, PROMOTED, "a", DAY + dt.timedelta(days=5), "")["event_number"] == 2
    with pytest.raises(RegistryError, match="last event is of 2026-02-05"):
        next_event(history, PROMOTED, "a", DAY, "")


def later(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1, 1.2, rows)
    return truth, rng.random(rows) < 1 / (1 + np.exp(-truth))


def test_a_better_calibrated_challenger_that_waited_passes_every_gate(parameters: Parameters) -> None:
    truth, outcome = later(1500, 1)
    gates = promotion_gates(truth, np.full(1500, -0.8), outcome, 120, 0.05, "", parameters)
    assert [gate.name for gate in gates if not gate.is_passed] == []


@pytest.mark.parametrize(
    ("change", "closed"),
    [
        ({"shadow_days": 30}, "90 days in shadow"),
        ({"tier_change_share": 0.4}, "at most 20% of tiers change"),
        ({"blocked_by": "column x is too good"}, "nothing is left to explain"),
    ],
)
def test_each_gate_closes_by_itself(parameters: Parameters, change: dict[str, object], closed: str) -> None:
    truth, outcome = later(1500, 1)
    given = {"shadow_days": 120, "tier_change_share": 0.05, "blocked_by": ""} | change
    gates = promotion_gates(truth, np.full(1500, -0.8), outcome, **given, parameters=parameters)  # type: ignore[arg-type]
    assert [gate.name for gate in gates if not gate.is_passed] == [closed]


def test_a_worse_or_unsure_challenger_is_not_better(parameters: Parameters) -> None:
    truth, outcome = later(1500, 2)
    worse = promotion_gates(3 * truth, truth, outcome, 120, 0.0, "", parameters)
    assert {gate.name for gate in worse if not gate.is_passed} >= {
        "better on later accounts",
        "calibration slope within 0.8 and 1.25",
    }
    same = promotion_gates(truth, truth, outcome, 120, 0.0, "", parameters)
    assert "better on later accounts" in {gate.name for gate in same if not gate.is_passed}


def test_too_few_later_outcomes_keep_the_gate_closed(parameters: Parameters) -> None:
    truth, outcome = later(6, 3)
    gates = promotion_gates(truth, truth, outcome & False, 120, 0.0, "", dataclasses.replace(parameters))
    assert gates[-1].name == "better on later accounts"
    assert "0 positives among 6 accounts" in gates[-1].seen
