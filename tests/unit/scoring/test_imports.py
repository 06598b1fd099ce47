from __future__ import annotations

import ast
from pathlib import Path

import pytest

import scoring

FORBIDDEN_IMPORTS = {
    "duckdb",
    "dbt",
    "dagster",
    "os",
    "pathlib",
    "io",
    "time",
    "random",
    "requests",
    "orchestration",
    "loading",
}
FORBIDDEN_CALLS = {"now", "today", "utcnow", "environ", "getenv", "open", "read_csv", "read_parquet", "default_rng"}
MODULES = sorted(Path(scoring.__file__).parent.glob("*.py"))


def offences(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.split(".")[0] in FORBIDDEN_IMPORTS]
        elif isinstance(node, ast.ImportFrom):
            found += [node.module] if node.module and node.module.split(".")[0] in FORBIDDEN_IMPORTS else []
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_CALLS:
            found.append(node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            found.append(node.func.id)
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_scoring_reads_no_warehouse_file_environment_or_clock(module: Path) -> None:
    found = offences(module.read_text(encoding="utf-8"))
    assert not found, (
        f"scoring/{module.name} uses {', '.join(found)}. Scoring is a pure function of tables, rules and a day: "
        "take what you need as an argument and let orchestration/ read it."
    )


@pytest.mark.parametrize(
    "source",
    [
        "import duckdb",
        "from dagster import asset",
        "import dbt.cli",
        "import os\nos.environ['A']",
        "import datetime as dt\ndt.datetime.now()",
        "from datetime import date\ndate.today()",
        "open('x')",
    ],
)
def test_each_forbidden_thing_is_noticed(source: str) -> None:
    assert offences(source)
