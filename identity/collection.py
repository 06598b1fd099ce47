"""Python's search for circular garbage, off while many small objects are made."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def without_collection(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function that makes millions of texts and no circles without the collector looking through them again and again."""

    @wraps(function)
    def run(*arguments: P.args, **named: P.kwargs) -> R:
        was_on = gc.isenabled()
        gc.disable()
        try:
            return function(*arguments, **named)
        finally:
            if was_on:
                gc.enable()

    return run
