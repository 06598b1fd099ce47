from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.errors import UsageError
from orchestration.writer_lock import WriterLock


def test_a_second_writer_is_told_who_holds_the_warehouse(tmp_path: Path) -> None:
    with (
        WriterLock(tmp_path / "abm.duckdb", "run one"),
        pytest.raises(UsageError, match=rf"abm.duckdb is being written by process {os.getpid()} \(run one\)"),
    ):
        WriterLock(tmp_path / "abm.duckdb", "run two").acquire()
    WriterLock(tmp_path / "abm.duckdb", "run two").acquire()


def test_a_killed_writer_leaves_no_lock_behind(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from orchestration.writer_lock import WriterLock;"
        "WriterLock(Path(sys.argv[1]), 'run').acquire(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "abm.duckdb")], check=False)
    assert done.returncode == -9
    WriterLock(tmp_path / "abm.duckdb", "next run").acquire()
