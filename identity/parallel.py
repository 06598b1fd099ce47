"""A function over many texts, on two processes where there are enough of them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")

# Below this a second process costs more than it saves.
_WORTH_A_PROCESS = 40_000


def map_in_parts(function: Callable[[Sequence[S]], T], texts: Sequence[S], worth: int = _WORTH_A_PROCESS) -> list[T]:
    """What `function` gives for each part of the texts; the parts joined in order are the whole.

    The second process is a fork, so a script that calls this needs no guard around its main part. It may use numpy and functions
    of `pyarrow.compute` on single arrays, which run in the thread that calls them; nothing that hands work to a pool of threads.
    Below `worth` texts there is one part.
    """
    if len(texts) < worth or (multiprocessing.cpu_count() < 2) or multiprocessing.current_process().daemon:
        return [function(texts)]
    half = len(texts) // 2
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(target=_run, args=(function, texts[half:], sender), daemon=True)
    worker.start()
    sender.close()
    try:
        first = function(texts[:half])
        second: T = receiver.recv()
    except EOFError:
        # Killed for memory, most likely: what it would have done is done here.
        second = function(texts[half:])
    finally:
        receiver.close()
        worker.join()
    return [first, second]


def _run(function: Callable[[Sequence[S]], T], texts: Sequence[S], sender: object) -> None:
    sender.send(function(texts))  # type: ignore[attr-defined]
