"""One writer per warehouse: a lock that says who holds it and that dies with its holder."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType

from orchestration.errors import UsageError


class WriterLock:
    """Held while a process writes a warehouse file; the operating system frees it however that process ends."""

    def __init__(self, warehouse: Path, purpose: str) -> None:
        self._path = warehouse.with_name(warehouse.name + ".lock")
        self._purpose = purpose
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises
        ------
        UsageError
            If another process holds it; names its process id and what it does.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise UsageError(
                f"{self._path.parent}: cannot be written ({error.strerror}). Choose another --warehouse."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = self._holder(descriptor)
            os.close(descriptor)
            raise UsageError(
                f"{self._path.with_suffix('')} is being written by {holder}. A warehouse has one writer at a time:"
                " wait for it to end, stop it, or use another --warehouse."
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": os.getpid(), "purpose": self._purpose}).encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @staticmethod
    def _holder(descriptor: int) -> str:
        try:
            holder = json.loads(os.pread(descriptor, 4096, 0))
            return f"process {holder['pid']} ({holder['purpose']})"
        except (ValueError, KeyError):
            return "another process"

    def __enter__(self) -> WriterLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
