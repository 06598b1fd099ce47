"""No model of `sync` may reach data about a person by a path around `activation.permitted_contacts`.

The check reads dbt's manifest. Data about persons starts in the sources listed below and in every model outside of `activation`
and `sync` that has a column which names a person. Each path from there to a model of `sync` has to pass the gate, or an
aggregate: a model listed below that gives counts, dates or shares of accounts, under an enforced contract without such a column.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

Manifest = Mapping[str, Any]

GATE = "permitted_contacts"
BEHIND_THE_GATE = ("activation", "sync")
# `phone` is missing: companies have one too, and a table with persons' numbers has other columns of this list.
PERSON_COLUMNS = {
    "contact_id", "salesforce_contact_id", "email", "first_name", "last_name", "title", "person_key", "visitor_id",
    "who_id", "user_email", "requester_email", "ip_hash",
}  # fmt: skip
PERSON_SOURCES = {
    "salesforce_contact", "consent_records", "map_email_events", "map_form_fills", "events_attendance", "product_events",
    "support_tickets", "web_page_views", "intent_topic_events",
}  # fmt: skip
# They read about persons, and nothing about one person comes out.
AGGREGATES = {
    "account_360": "counts and dates per account",
    "fct_intent_days": "counts per account, topic and day",
    "committee_coverage": "which roles are there, not who holds them",
    "int_contact_rates": "rates per role and channel",
    "int_account_signals": "dates per account",
}
# Whom the queue is for: sellers are not the persons that the gate protects.
SELLERS = {"stg_salesforce__users"}


def gate_problems(manifest: Manifest) -> list[str]:
    """Every path around the gate, and every aggregate that does not keep its promise; empty = the gate holds."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    problems = []
    for unique_id, node in sorted(nodes.items()):
        if node["resource_type"] == "model" and node["name"] in AGGREGATES:
            problems += _aggregate_problems(node)
        if node["resource_type"] == "model" and node["schema"] == "sync":
            for path in _paths_around_the_gate(unique_id, nodes, manifest["parent_map"]):
                names = " <- ".join(nodes[step]["name"] for step in path)
                problems.append(f"{names}: {nodes[path[-1]]['name']} holds data about persons. Read {GATE} instead.")
    return problems


def _paths_around_the_gate(
    start: str, nodes: Mapping[str, Any], parents: Mapping[str, list[str]]
) -> list[tuple[str, ...]]:
    """A shortest path to each place where data about persons starts that is reached without the gate or an aggregate."""
    found: list[tuple[str, ...]] = []
    waiting: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while waiting:
        path = waiting.pop(0)
        for parent in sorted(set(parents.get(path[-1], [])) - seen):
            seen.add(parent)
            node = nodes[parent]
            if node["name"] in {GATE, *AGGREGATES, *SELLERS} and node["resource_type"] == "model":
                continue
            if _holds_persons(node) and (node["schema"] not in BEHIND_THE_GATE or node["name"] == "permissions"):
                found.append((*path, parent))
            else:
                waiting.append((*path, parent))
    return found


def _holds_persons(node: Mapping[str, Any]) -> bool:
    is_known_source = node["resource_type"] == "source" and node["name"] in PERSON_SOURCES
    return is_known_source or bool(PERSON_COLUMNS.intersection(name.lower() for name in node["columns"]))


def _aggregate_problems(node: Mapping[str, Any]) -> list[str]:
    problems = []
    if not node["config"]["contract"]["enforced"]:
        problems.append(f"{node['name']} is listed as an aggregate, but its contract is not enforced.")
    if named := sorted(PERSON_COLUMNS.intersection(node["columns"])):
        problems.append(f"{node['name']} is listed as an aggregate, but has the column {', '.join(named)}.")
    return problems


@pytest.fixture(scope="module")
def manifest(parsed_project: Path) -> Manifest:
    """The manifest of the project as its files are now."""
    parsed: Manifest = json.loads((parsed_project / "manifest.json").read_text(encoding="utf-8"))
    return parsed


def test_no_sync_model_reaches_data_about_persons_around_the_gate(manifest: Manifest) -> None:
    assert gate_problems(manifest) == []


def test_every_listed_model_and_source_exists(manifest: Manifest) -> None:
    models = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    sources = {source["name"] for source in manifest["sources"].values()}
    assert {GATE, *AGGREGATES, *SELLERS} <= models
    assert sources >= PERSON_SOURCES


def test_the_queue_and_the_contacts_of_the_sync_layer_do_pass_the_gate(manifest: Manifest) -> None:
    """Without this a sync layer that sends no contact at all would pass as well."""
    gate = f"model.abm360.{GATE}"
    for name in ("sync_salesforce_contacts", "sync_salesforce_queue_items"):
        assert gate in _ancestors(f"model.abm360.{name}", manifest["parent_map"])


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        ("sync_salesforce_contacts", "model.abm360.dim_contacts"),
        ("sync_salesforce_accounts", "model.abm360.fct_touch_days"),
        ("sync_salesforce_queue_items", "model.abm360.permissions"),
        ("sync_salesforce_queue_items", "source.abm360.raw.salesforce_contact"),
        ("sdr_queue", "model.abm360.stg_salesforce__contacts"),
        ("int_queue_offers", "model.abm360.fct_sales_activities"),
        ("int_account_reasons", "model.abm360.fct_touches"),
    ],
)
def test_a_bad_edge_anywhere_in_the_real_graph_is_found(manifest: Manifest, child: str, parent: str) -> None:
    broken = {**manifest, "parent_map": deepcopy(manifest["parent_map"])}
    broken["parent_map"][f"model.abm360.{child}"].append(parent)
    problems = gate_problems(broken)
    assert problems
    assert all(
        f"{parent.rsplit('.', 1)[-1]} holds data about persons. Read permitted_contacts" in text for text in problems
    )


def test_an_aggregate_that_starts_to_name_persons_or_drops_its_contract_is_found(manifest: Manifest) -> None:
    broken = {**manifest, "nodes": deepcopy(manifest["nodes"])}
    broken["nodes"]["model.abm360.committee_coverage"]["columns"]["contact_id"] = {}
    broken["nodes"]["model.abm360.int_contact_rates"]["config"]["contract"]["enforced"] = False
    assert gate_problems(broken) == [
        "committee_coverage is listed as an aggregate, but has the column contact_id.",
        "int_contact_rates is listed as an aggregate, but its contract is not enforced.",
    ]


def test_a_small_graph_shows_which_paths_are_open_and_which_are_not() -> None:
    good = _graph(
        ("source.raw.salesforce_contact", "source", "raw", []),
        ("model.people", "model", "staging", ["source.raw.salesforce_contact"], "email"),
        ("model.permissions", "model", "activation", ["model.people"], "contact_id"),
        ("model.permitted_contacts", "model", "activation", ["model.permissions", "model.people"], "contact_id"),
        ("model.account_360", "model", "marts", ["model.people"], "account_id"),
        ("model.queue", "model", "activation", ["model.permitted_contacts", "model.account_360"], "contact_id"),
        ("model.sync_queue", "model", "sync", ["model.queue", "model.account_360"], "salesforce_contact_id"),
    )
    assert gate_problems(good) == []

    around = deepcopy(good)
    around["nodes"]["model.helper"] = {**around["nodes"]["model.queue"], "name": "helper", "columns": {}}
    around["parent_map"]["model.helper"] = ["model.people"]
    around["parent_map"]["model.queue"].append("model.helper")
    assert gate_problems(around) == [
        "sync_queue <- queue <- helper <- people: people holds data about persons. Read permitted_contacts instead."
    ]

    # A renamed column hides nothing: the source behind it is known.
    renamed = deepcopy(around)
    renamed["nodes"]["model.people"]["columns"] = {"best_words": {}}
    assert gate_problems(renamed) == [
        "sync_queue <- queue <- helper <- people <- salesforce_contact: salesforce_contact holds data about persons."
        " Read permitted_contacts instead."
    ]


def _graph(*rows: Any) -> dict[str, Any]:
    graph: dict[str, Any] = {"nodes": {}, "sources": {}, "parent_map": {}}
    for unique_id, kind, schema, parents, *columns in rows:
        graph["sources" if kind == "source" else "nodes"][unique_id] = {
            "name": unique_id.rsplit(".", 1)[-1],
            "resource_type": kind,
            "schema": schema,
            "columns": {name: {} for name in columns},
            "config": {"contract": {"enforced": True}},
        }
        graph["parent_map"][unique_id] = parents
    return graph


def _ancestors(unique_id: str, parents: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [unique_id]
    while waiting:
        for parent in parents.get(waiting.pop(), []):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found
