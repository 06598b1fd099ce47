"""Every bench of the project, one after the other: `make bench`."""

from __future__ import annotations

import importlib
import pkgutil

import tests.bench

if __name__ == "__main__":
    for module in pkgutil.iter_modules(tests.bench.__path__):
        if module.name.startswith("bench_"):
            importlib.import_module(f"tests.bench.{module.name}").main()
