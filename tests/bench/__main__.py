"""Every bench of the project, one after the other: `make bench`."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import tests.bench

if __name__ == "__main__":
    for module in pkgutil.iter_modules(tests.bench.__path__):
        if module.name.startswith("bench_"):
            # In a process of its own: a child begins with the peak memory of the process that started it.
            subprocess.run([sys.executable, "-m", f"tests.bench.{module.name}"], check=True)
