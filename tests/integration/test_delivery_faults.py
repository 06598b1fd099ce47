"""A bad day of the CRM: whatever call it breaks, the delivery ends where an undisturbed one ends, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from reverse_etl.destinations.salesforce.write import SalesforceCrm
from tests.integration.delivery_org import Org, account, connected_org, item, running_sandbox, wanted
from tests.unit.reverse_etl.night import tables

RECORDS = 250
COLLECTIONS, UPSERT = r"PATCH .*/composite/sobjects$", r"PATCH .*/composite/sobjects/ABM_Queue_Item__c"
BULK = {
    "create": r"POST .*/jobs/ingest$",
    "upload": r"PUT .*/batches",
    "close": r"PATCH .*/jobs/ingest/",
    "poll": r"GET .*/jobs/ingest/[^/]+$",
    "results": r"GET .*/jobs/ingest/.*Results",
}
PASSING = ("drop_before", "drop_after", "server_unavailable", "server_error", "concurrent_limit", "expired_session")


class BulkOnly(SalesforceCrm):
    """Sends every object as one job, so that a small test walks that way too."""

    def batch_size(self, record_count: int) -> int:
        return 10_000


@pytest.fixture(scope="module")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as url:
        yield url


@pytest.fixture
def org(sandbox_url: str) -> Iterator[Org]:
    with connected_org(sandbox_url) as connected:
        break_calls(connected)
        yield connected
        break_calls(connected)


def break_calls(org: Org, *faults: dict[str, object]) -> None:
    """Let these faults wait for the next calls, and no others."""
    org.crm.connection.call("POST", "/sandbox/faults", kind="fault", is_repeatable=False, json=list(faults))


def desired(shift: int) -> dict[str, pa.Table]:
    rows = [row | {"score": float((n * 3 + shift) % 100)} for n, row in enumerate(wanted(1, RECORDS))]
    return tables(rows, [], [item(n, queue_key=f"fault-{shift}-{n}") for n in range(1, 4)])


def has_arrived(org: Org, shift: int) -> bool:
    held = org.held("Account", "ABM_Score__c")
    scores = all(
        float(held[account(n + 1)]["ABM_Score__c"] or -1) == float((n * 3 + shift) % 100) for n in range(RECORDS)
    )
    keys = [f"fault-{shift}-{n}" for n in range(1, 4)]
    items = org.crm.read("ABM_Queue_Item__c", ["Queue_Key__c"], "Queue_Key__c", keys)["Queue_Key__c"].to_pylist()
    return scores and sorted(items) == keys


@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_fault_of_a_collections_call_is_not_noticed(org: Org, kind: str) -> None:
    shift = 10 + PASSING.index(kind) * 10
    times = 1 if kind == "expired_session" else 2
    break_calls(org, {"kind": kind, "path": COLLECTIONS, "times": times}, {"kind": kind, "path": UPSERT})
    assert org.deliver(desired(shift)).is_complete
    break_calls(org)
    assert has_arrived(org, shift) and org.plan(desired(shift)).change_count == 0


@pytest.mark.parametrize("step", list(BULK))
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "server_unavailable", "expired_session"])
def test_a_passing_fault_of_any_step_of_a_job_is_not_noticed(org: Org, step: str, kind: str) -> None:
    shift = list(BULK).index(step) * 15 + ["drop_before", "drop_after", "server_unavailable", "expired_session"].index(
        kind
    )
    org.crm = BulkOnly(org.crm.connection)
    break_calls(org, {"kind": kind, "path": BULK[step]})
    assert org.deliver(desired(shift)).is_complete
    break_calls(org)
    assert has_arrived(org, shift)


@pytest.mark.parametrize("kind", ["server_unavailable", "daily_limit", "drop_after"])
@pytest.mark.parametrize("way", ["collections", "bulk"])
def test_a_crm_that_stays_broken_stops_the_delivery_and_the_next_one_finishes_it(org: Org, kind: str, way: str) -> None:
    shift = 33 + ["server_unavailable", "daily_limit", "drop_after"].index(kind) + (10 if way == "bulk" else 0)
    path = COLLECTIONS if way == "collections" else BULK["close"]
    if way == "bulk":
        org.crm = BulkOnly(org.crm.connection)
    plan = org.plan(desired(shift))
    # The first collections call goes well, so that the stop leaves records in three states.
    break_calls(org, {"kind": kind, "path": path, "times": 99, "after": 1 if way == "collections" else 0})
    outcome = org.deliver(desired(shift))
    assert outcome.stopped and not outcome.is_complete
    total = (
        outcome.sent + outcome.unchanged + outcome.rejected + outcome.withheld + outcome.conflict + outcome.in_flight
    )
    assert total == plan.records().num_rows
    break_calls(org)
    assert org.deliver(desired(shift)).is_complete
    assert has_arrived(org, shift) and org.plan(desired(shift)).change_count == 0
    assert "in_flight" not in org.ledger.all_states() and "planned" not in org.ledger.all_states()


def test_locked_records_are_tried_again_and_arrive(org: Org) -> None:
    break_calls(org, {"kind": "row_lock", "path": "Account", "times": 5})
    assert org.deliver(desired(77)).is_complete
    assert has_arrived(org, 77)


def test_records_that_stay_locked_are_in_the_ledger_with_that_code_and_go_the_next_night(org: Org) -> None:
    break_calls(org, {"kind": "row_lock", "path": "Account", "times": 10_000})
    outcome = org.deliver(desired(88))
    assert dict(outcome.rejected_by_code) == {"UNABLE_TO_LOCK_ROW": RECORDS}
    break_calls(org)
    assert org.deliver(desired(88)).is_complete
    assert has_arrived(org, 88)
