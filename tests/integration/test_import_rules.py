"""Who may import whom: the architecture as a test."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"demo", "identity", "loading", "measurement", "orchestration", "reverse_etl", "sandbox", "scoring"}
PURE = {"identity", "scoring", "measurement"}
FORBIDDEN_IN_PURE = {
    "duckdb",
    "dbt",
    "dagster",
    "dagster_dbt",
    "requests",
    "simple_salesforce",
    "sqlite3",
    "urllib",
    "socket",
}
CLOCK_CALLS = {"now", "today", "utcnow"}
CLOCKS = {"datetime", "date", "dt", "Timestamp", "pendulum"}
CLOCK_EXCEPTIONS = {
    "sandbox/clock.py": "a server stamps its records with the time of the write",
}


def imported_modules(source: str) -> set[str]:
    """Top-level names of every module that the source imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def import_problems(package: str, source: str) -> list[str]:
    """Imports that the architecture forbids in a module of `package`."""
    imported = imported_modules(source)
    allowed = {package} if package != "orchestration" else OURS - {"sandbox"}
    problems = [f"imports {name}: only orchestration joins packages" for name in sorted((imported & OURS) - allowed)]
    if package in PURE:
        problems += [f"imports {name}: pass tables in instead" for name in sorted(imported & FORBIDDEN_IN_PURE)]
    return problems


def clock_or_environment_uses(source: str) -> list[str]:
    """Reads of the clock or of the environment."""
    uses = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS:
            owner = node.func.value
            name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
            if name in CLOCKS:  # an injected clock has a name of its own
                uses.append(f"line {node.lineno}: {name}.{node.func.attr}()")
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
            uses.append(f"line {node.lineno}: {node.attr}")
    return uses


def modules() -> list[Path]:
    return [path for package in sorted(OURS) for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    assert import_problems(package, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_time_is_an_argument_and_the_environment_is_read_in_one_place(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if name in ("orchestration/resources.py", "sandbox/__main__.py") or name in CLOCK_EXCEPTIONS:
        return
    assert clock_or_environment_uses(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", ["duckdb", "dbt", "dagster"])
@pytest.mark.parametrize("package", sorted(PURE))
def test_a_pure_package_that_imports_the_warehouse_or_the_orchestrator_is_caught(package: str, name: str) -> None:
    assert import_problems(package, f"from {name}.sub import thing")
    assert import_problems(package, f"def late():\n    import {name}")


def test_a_package_that_imports_its_sibling_or_the_sandbox_is_caught() -> None:
    assert import_problems("scoring", "from identity import resolve")
    assert import_problems("orchestration", "import sandbox.store")
    assert not import_problems("orchestration", "import scoring.fit")


def test_reading_the_clock_is_caught() -> None:
    assert clock_or_environment_uses("from datetime import date\nx = date.today()")
    assert clock_or_environment_uses("import os\nx = os.environ['HOME']")
