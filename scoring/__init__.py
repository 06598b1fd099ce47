"""Fit, intent, engagement, composite and tiers as pure functions of tables, rules and a day."""

from __future__ import annotations

from scoring.inputs import InputError
from scoring.night import Marts, Night, Rules, check, score
from scoring.reasons import top_reasons
from scoring.results import COLUMNS, ScoreResult
from scoring.rules import RuleError

__all__ = [
    "COLUMNS",
    "InputError",
    "Marts",
    "Night",
    "RuleError",
    "Rules",
    "ScoreResult",
    "check",
    "score",
    "top_reasons",
]
