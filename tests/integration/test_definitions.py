"""The asset graph: complete, owned, and the same as the committed picture."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from orchestration.schedules import day_that_ended
from tests.conftest import ROOT

LAYERS = {"rules", "raw", "staging", "identity", "marts", "scoring", "activation", "sync", "delivery", "measurement"}


@pytest.fixture(scope="module")
def definitions(parsed_project: Path) -> Iterator[dg.Definitions]:
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # beta notices of the orchestrator
        patch.setenv("DBT_TARGET_PATH", str(parsed_project))
        from orchestration.definitions import build_definitions

        yield build_definitions()


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return definitions.resolve_asset_graph()


def test_a_layer_is_one_word_in_key_and_group_and_every_asset_has_an_owner_and_a_description(graph: Any) -> None:
    assert {key.path[0] for key in graph.get_all_asset_keys()} == LAYERS
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.group_name == key.path[0], key
        assert node.owners, key
        assert node.description, key
        assert node.kinds, key


def test_every_asset_is_made_by_something_in_the_graph(graph: Any) -> None:
    assert [key for key in graph.get_all_asset_keys() if not graph.get(key).is_materializable] == []


def test_nothing_is_written_to_the_crm_before_the_blocking_check(graph: Any) -> None:
    checks = {(key.asset_key.to_user_string(), key.name): graph.get_check_spec(key) for key in graph.asset_check_keys}
    assert checks["delivery/plan_rows", "upstream_is_sound"].blocking
    assert dg.AssetKey(["delivery", "plan_rows"]) in graph.get(dg.AssetKey(["delivery", "ledger"])).parent_keys


def test_data_tests_are_asset_checks(graph: Any) -> None:
    names = {key.name for key in graph.asset_check_keys}
    assert "not_null_account_360_account_id" in names and len(names) > 200


def test_a_test_over_several_models_names_the_asset_that_it_checks(definitions: dg.Definitions) -> None:
    from orchestration.dbt_manifest import read_manifest

    nodes = read_manifest()["nodes"].values()
    singular = [node for node in nodes if node["resource_type"] == "test" and "test_metadata" not in node]
    nameless = [
        node["name"]
        for node in singular
        if len([name for name in node["depends_on"]["nodes"] if not name.startswith("source.")]) > 1
        and "ref" not in node["config"]["meta"].get("dagster", {})
    ]
    assert singular and nameless == [], "add {{ config(meta={'dagster': {'ref': {'name': '<last model>'}}}) }}"


def test_the_graph_is_the_committed_one(definitions: dg.Definitions) -> None:
    from orchestration.graph import describe_graph

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        described = describe_graph(definitions)
    committed = (ROOT / "orchestration" / "graph.txt").read_text(encoding="utf-8").splitlines()
    assert described == committed, "the asset graph moved; look at the difference, then run `make graph`"


def test_the_schedule_runs_over_the_day_that_has_just_ended_in_the_business_time_zone() -> None:
    # 04:00 on 1 November in Tokyo is still 31 October in UTC
    assert day_that_ended(datetime(2026, 11, 1, 4, tzinfo=ZoneInfo("Asia/Tokyo"))) == date(2026, 10, 31)
    assert day_that_ended(datetime(2026, 10, 31, 19, tzinfo=ZoneInfo("UTC"))) == date(2026, 10, 31)


def test_the_dagster_ui_loads_the_asset_graph_without_errors(tmp_path: Path, parsed_project: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    environment = os.environ | {"DAGSTER_HOME": str(tmp_path), "DBT_TARGET_PATH": str(parsed_project)}
    command = [str(Path(sys.executable).with_name("dagster-webserver")), "--module-name", "orchestration.definitions"]
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    query = (
        "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus"
        " locationOrLoadError { __typename ... on PythonError { message } } } } } assetNodes { groupName } }"
    )
    try:
        answer = _ask(port, query, server)
    finally:
        server.terminate()
        server.wait(timeout=30)
    (location,) = answer["workspaceOrError"]["locationEntries"]
    assert location["locationOrLoadError"]["__typename"] == "RepositoryLocation", location
    assert {node["groupName"] for node in answer["assetNodes"]} == LAYERS


def _ask(port: int, query: str, server: subprocess.Popen[bytes]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json"},
    )
    for _ in range(600):
        assert server.poll() is None, "the web server ended"
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                data: dict[str, Any] | None = json.load(response).get("data")
            if data:
                return data
        except OSError:  # not up yet, or too busy to answer in time
            pass
        time.sleep(0.5)
    raise AssertionError("the web server did not answer")
