"""Work on many texts, on two processes where there are enough of them."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import RawArray
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")

# Below this a second process costs more than it saves.
_WORTH_A_PROCESS = 40_000
_MINE, _THEIRS = range(2)


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


def do_pieces(pieces: Sequence[Callable[[], T]], texts: int) -> list[T]:
    """What each piece of work gives, in their order; if there are enough texts in them, a second process takes part.

    This process takes pieces from the front, the other one, a fork, from the back, until they meet, so that both end at about the
    same time whatever else the machine does. For the fork the same holds as for that of `map_in_parts`; results go through a pipe
    and had better be Arrow and numpy arrays. What the other process did not do, killed for memory most likely, is done here.
    """
    if texts < _WORTH_A_PROCESS or (multiprocessing.cpu_count() < 2) or multiprocessing.current_process().daemon:
        return [piece() for piece in pieces]
    # How many pieces have been taken at the front, and at the back. Should both take the last one, it is done twice;
    # should neither, it is done in the end.
    taken = RawArray("q", 2)
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(target=_do_from_the_back, args=(pieces, taken, receiver, sender), daemon=True)
    worker.start()
    sender.close()
    done: dict[int, T] = {}
    try:
        while taken[_MINE] + taken[_THEIRS] < len(pieces):
            taken[_MINE] += 1
            done[taken[_MINE] - 1] = pieces[taken[_MINE] - 1]()
        done |= pickle.loads(receiver.recv_bytes())
    except EOFError:
        pass
    finally:
        receiver.close()
        worker.join()
    return [done[at] if at in done else piece() for at, piece in enumerate(pieces)]


def _do_from_the_back(
    pieces: Sequence[Callable[[], object]], taken: Any, receiver: Connection, sender: Connection
) -> None:
    receiver.close()
    done = {}
    while taken[_MINE] + taken[_THEIRS] < len(pieces):
        taken[_THEIRS] += 1
        at = len(pieces) - taken[_THEIRS]
        done[at] = pieces[at]()
    # With the buffers of arrays as they are, instead of copied once more.
    sender.send_bytes(pickle.dumps(done, protocol=5))
