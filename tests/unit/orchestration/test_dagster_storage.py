"""Runs and events that a night leaves are those that Dagster's own storage reads."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster import AssetKey

from orchestration.resources import dagster_home

PLAIN = "telemetry:\n  enabled: false\n"


def test_dagster_reads_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @dg.asset
    def first() -> int:
        return 1

    @dg.asset_check(asset=first)
    def is_one() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    home = dagster_home()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert type(instance.event_log_storage).__module__ == "orchestration.dagster_storage"
        result = dg.materialize([first, is_one], instance=instance)
        assert result.success
        written = [event.message for event in instance.all_logs(result.run_id)]
    (home / "dagster.yaml").write_text(PLAIN, encoding="utf-8")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert type(instance.event_log_storage).__module__.startswith("dagster.")
        assert [event.message for event in instance.all_logs(result.run_id)] == written
        assert len(written) > 5
        materialization = instance.get_latest_materialization_event(AssetKey("first"))
        assert materialization is not None and materialization.run_id == result.run_id
