"""Whether a night's scores cover what they covered the night before, by the same methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from scoring.parameters import Parameters


@dataclass(frozen=True)
class ScoreCounts:
    """One score of one night.

    Attributes
    ----------
    accounts, scored : rows, and rows whose score is not null
    methods : what the scores were made by
    """

    accounts: int
    scored: int
    methods: frozenset[str]

    @property
    def share(self) -> float:
        """Share of accounts with a score, 0 to 1; 0 without accounts."""
        return self.scored / self.accounts if self.accounts else 0.0


@dataclass(frozen=True)
class Quality:
    """One check: whether it passed, one sentence, and its numbers by name."""

    passed: bool
    sentence: str
    numbers: Mapping[str, float]


def judge_drift(found: pd.DataFrame, names: str) -> Quality:
    """Whether no feature moved further than its alarm.

    Parameters
    ----------
    found : rows of `drift.compare`
    names : what was looked at, for the sentence
    """
    if not len(found):
        return Quality(
            True, f"{names}: nothing to compare: no frozen population of this quarter, or no accounts tonight.", {}
        )
    worst = found.sort_values(["psi", "name"], ascending=[False, True], kind="stable").iloc[0]
    moved = found[found["is_alarm"]]
    listed = "; ".join(
        f"{name} (PSI {index:.3f}, alarm above {limit:.3f})"
        for name, index, limit in zip(moved["name"], moved["psi"], moved["threshold"], strict=True)
    )
    if len(moved):
        sentence = f"Drifted since the quarter began: {listed}. Look whether a source or the market changed."
    else:
        sentence = (
            f"No drift: PSI at most {worst['psi']:.3f} ({worst['name']}), below the alarm at {worst['threshold']:.3f}."
        )
    return Quality(not len(moved), sentence, {"largest_psi": float(worst["psi"]), "alarms": float(len(moved))})


def judge_share(name: str, today: ScoreCounts, before: ScoreCounts | None, parameters: Parameters) -> Quality:
    """Whether about as many accounts have a score as the night before; on the first night whether any has."""
    numbers = {"share_with_a_score": today.share, "accounts": float(today.accounts)}
    seen = f"{name}: {today.share:.1%} of {today.accounts:,} accounts have a score"
    if before is None:
        passed = today.scored > 0 or not today.accounts
        return Quality(passed, f"{seen}; there is no night before to compare with.", numbers)
    change = round(abs(today.share - before.share), 9)
    passed = change <= parameters.drift_max_scored_change
    return Quality(
        passed,
        f"{seen}, {before.share:.1%} the night before"
        + (
            "."
            if passed
            else f": more than {parameters.drift_max_scored_change:.0%} of a change. Has a source stopped or started?"
        ),
        {**numbers, "share_the_night_before": before.share},
    )


def judge_methods(name: str, today: ScoreCounts, before: ScoreCounts | None) -> Quality:
    """Whether the score was made by the same methods as the night before."""
    now = ", ".join(sorted(today.methods)) or "none"
    if before is None or today.methods == before.methods:
        return Quality(True, f"{name}: method {now}.", {})
    then = ", ".join(sorted(before.methods)) or "none"
    return Quality(False, f"{name}: method {now}, the night before {then}. Was a model promoted or taken back?", {})


def judge_accounts(today: int, before: int | None, parameters: Parameters) -> Quality:
    """Whether there are about as many accounts as the night before."""
    if before is None:
        return Quality(
            True, f"{today:,} accounts; there is no night before to compare with.", {"accounts": float(today)}
        )
    numbers = {"accounts": float(today), "accounts_the_night_before": float(before)}
    passed = abs(today - before) <= parameters.drift_max_account_change * before
    return Quality(
        passed,
        f"{today:,} accounts, {before:,} the night before"
        + (
            "."
            if passed
            else f": more than {parameters.drift_max_account_change:.0%} of a change. Was a load lost, or did it come twice?"
        ),
        numbers,
    )


def judge_attribution(attributed: int, unattributed: int, parameters: Parameters) -> Quality:
    """Whether enough of the activity belongs to an account."""
    total = attributed + unattributed
    share = unattributed / total if total else 0.0
    passed = share <= parameters.drift_max_unattributed_share
    return Quality(
        passed,
        f"{share:.1%} of {total:,} activities belong to no account"
        + (
            "."
            if passed
            else f", more than {parameters.drift_max_unattributed_share:.0%}: marts.attachment_reconciliation says why."
        ),
        {"share_unattributed": share, "activities": float(total)},
    )
