"""Errors of the command line: what a person can mend ends with exit code 2 and no traceback."""

from __future__ import annotations

from datetime import date


class UsageError(ValueError):
    """Something the user gave or set cannot be used; the message says what to do about it."""


class RuleError(UsageError):
    """A row of a rule file in `seeds/rules/` is not allowed; the message names file, row, column and range."""


class RunFailed(RuntimeError):
    """The nightly run ended before its end; the message names the step and what it said."""


class BreakerTripped(UsageError):
    """So much would change in the CRM that a person has to look first; nothing was written."""


EXIT_BREAKER = 3
EXIT_USER = 2
EXIT_FAILED = 1


def parse_date(text: str) -> date:
    """A day that was typed.

    Raises
    ------
    UsageError
        If it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a date; expected YYYY-MM-DD, such as 2026-10-31.") from None
