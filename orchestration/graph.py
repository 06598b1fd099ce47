"""The asset graph as text, one line per asset, check, job, schedule and sensor: `make graph` renews graph.txt."""

from __future__ import annotations

import sys
import warnings

import dagster as dg

from orchestration.definitions import build_definitions


def describe_graph(definitions: dg.Definitions) -> list[str]:
    """Sorted lines: an asset's key, group, owners and what it is made from; checks; jobs; schedules; sensors."""
    graph = definitions.resolve_asset_graph()
    lines = []
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        made_from = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys)) or "-"
        owners = ", ".join(sorted(node.owners)) or "-"
        lines.append(f"asset    {key.to_user_string():52} group={node.group_name} owners={owners} from: {made_from}")
    for check in sorted(graph.asset_check_keys, key=lambda check: (check.asset_key, check.name)):
        blocking = " blocking" if graph.get_check_spec(check).blocking else ""
        lines.append(f"check    {check.asset_key.to_user_string()}: {check.name}{blocking}")
    for job in sorted(definitions.resolve_all_job_defs(), key=lambda job: job.name):
        if not job.name.startswith("__"):
            lines.append(f"job      {job.name}")
    for schedule in definitions.schedules or ():
        if isinstance(schedule, dg.ScheduleDefinition):
            lines.append(
                f"schedule {schedule.name}: {schedule.cron_schedule} {schedule.execution_timezone} -> {schedule.job_name}"
            )
    lines.extend(f"sensor   {sensor.name}" for sensor in definitions.sensors or ())
    return lines


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.stdout.write("\n".join(describe_graph(build_definitions())) + "\n")
