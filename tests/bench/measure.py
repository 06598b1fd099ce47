"""Wall time and peak memory of a call in a process of its own, so that one measurement does not see another's memory."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection


@dataclass(frozen=True)
class Measurement:
    """Seconds of one call and the peak resident memory of its process in MB."""

    seconds: float
    peak_mb: float


def measure(action: Callable[..., object], *arguments: object, repeat: int = 3) -> Measurement:
    """The quickest of `repeat` runs: the machines are shared, and noise only ever adds."""
    runs = [_measure_once(action, arguments) for _ in range(repeat)]
    return min(runs, key=lambda run: run.seconds)


def _measure_once(action: Callable[..., object], arguments: tuple[object, ...]) -> Measurement:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_child, args=(sender, action, arguments))
    process.start()
    sender.close()
    try:
        result: Measurement = receiver.recv()
    except EOFError:
        raise RuntimeError(f"{action.__name__} ended without a measurement") from None
    finally:
        process.join()
    return result


def _child(sender: Connection, action: Callable[..., object], arguments: tuple[object, ...]) -> None:
    start = time.perf_counter()
    action(*arguments)
    seconds = time.perf_counter() - start
    sender.send(Measurement(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def print_table(title: str, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """A Markdown table on standard output."""
    print(f"\n### {title}\n")  # noqa: T201
    print("| " + " | ".join(header) + " |")  # noqa: T201
    print("|" + "---|" * len(header))  # noqa: T201
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)  # noqa: T201
