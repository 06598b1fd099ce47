"""dbt's manifest, which the asset graph is drawn from, kept in step with the project's files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dagster_dbt import DbtCliResource, DbtProject

from orchestration.errors import UsageError
from orchestration.resources import (
    DBT_PROJECT,
    PROJECT_ROOT,
    dbt_executable,
    dbt_target_path,
    run_dbt,
    silence_usage_tracking,
)


def dbt_project() -> DbtProject:
    """Where dagster-dbt finds the dbt project."""
    return DbtProject(project_dir=DBT_PROJECT, profiles_dir=DBT_PROJECT, target_path=dbt_target_path())


def dbt_resource() -> DbtCliResource:
    """The dbt command of this Python environment, whether or not it is on the path."""
    return DbtCliResource(project_dir=dbt_project(), profiles_dir=str(DBT_PROJECT), dbt_executable=dbt_executable())


def read_manifest(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The manifest of the project as its files are now; parsed anew only when a file or a variable changed.

    Raises
    ------
    UsageError
        If the project does not parse; with what dbt said.
    """
    stamp = {"files": _hash_of_files(), "variables": dict(variables or {})}
    manifest, stamp_file = dbt_target_path() / "manifest.json", dbt_target_path() / "manifest_of.json"
    if not (manifest.exists() and _is_current(stamp_file, stamp, ignore_variables=variables is None)):
        _parse(dict(variables or {}))
        stamp_file.write_text(json.dumps(stamp))
    parsed: dict[str, Any] = json.loads(manifest.read_text())
    return parsed


def _is_current(stamp_file: Path, stamp: Mapping[str, Any], ignore_variables: bool) -> bool:
    try:
        written = json.loads(stamp_file.read_text())
    except (OSError, ValueError):
        return False
    return bool(written["files"] == stamp["files"] and (ignore_variables or written["variables"] == stamp["variables"]))


def _parse(variables: dict[str, str]) -> None:
    silence_usage_tracking()
    done = run_dbt(["parse", "--target-path", str(dbt_target_path())], variables)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise UsageError(
            f"The dbt project does not parse. dbt said:\n{said[-2000:]}\nMend the file it names and run again."
        )


def _hash_of_files() -> str:
    digest = hashlib.sha256()
    for path in _project_files():
        digest.update(str(path.relative_to(PROJECT_ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _project_files() -> Iterator[Path]:
    folders = [DBT_PROJECT / name for name in ("models", "macros", "tests")] + [PROJECT_ROOT / "seeds"]
    yield from sorted(DBT_PROJECT.glob("*.yml"))
    for folder in folders:
        yield from sorted(path for path in folder.rglob("*") if path.suffix in (".sql", ".yml", ".csv", ".md"))
