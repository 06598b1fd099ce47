"""A delivery whose process is killed (signal 9) ends, after a rerun, where an undisturbed one ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from reverse_etl.ledger import TERMINAL_STATES
from tests.integration.delivery_org import ROOT, connected_org, contact, item, running_sandbox, wanted
from tests.unit.reverse_etl.night import tables

# A process of its own, so that nothing of it survives; says when it begins to write.
DELIVER = """
import sys
from reverse_etl.apply import apply
from tests.integration.delivery_org import connected_org
from tests.integration.test_delivery_killed import desired
with connected_org(sys.argv[1], sys.argv[2]) as org:
    plan = org.plan(desired(int(sys.argv[3])))
    sys.stdout.write("writing\\n")
    sys.stdout.flush()
    apply(plan, org.crm, org.ledger)
"""


ROUNDS = 25
# An undisturbed delivery of this size takes about half a second: instants all over it, and some after its end.
INSTANTS = [round(seconds, 3) for seconds in np.random.default_rng(5).uniform(0, 0.6, ROUNDS)]


def desired(round_number: int):  # type: ignore[no-untyped-def]
    """Another score for 1,000 accounts in each round, a role for ten contacts, and five queue items."""
    accounts = [row | {"score": (row["score"] + 7.0 * round_number) % 100} for row in wanted(1, 1000)]  # type: ignore[operator]
    roles = [{"salesforce_contact_id": contact(n), "committee_role": "DM"} for n in range(1, 11)]
    return tables(accounts, roles, [item(n, queue_key=f"r{round_number}-{n}") for n in range(1, 6)])


@pytest.fixture(scope="module")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as url:
        yield url


def test_a_killed_delivery_is_finished_by_the_next_one_without_a_duplicate(sandbox_url: str, tmp_path: Path) -> None:
    warehouse = str(tmp_path / "warehouse.duckdb")
    interrupted = 0
    for round_number, seconds in enumerate(INSTANTS, start=1):
        process = subprocess.Popen(
            [sys.executable, "-c", DELIVER, sandbox_url, warehouse, str(round_number)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
        interrupted += process.poll() is None
        process.kill()
        process.wait()
        process.stdout.close()
        with connected_org(sandbox_url, warehouse) as org:
            outcome = org.deliver(desired(round_number))
            assert outcome.is_complete and outcome.conflict == 0
            assert org.plan(desired(round_number)).change_count == 0
            states = org.ledger.all_states()
        assert set(states) <= set(TERMINAL_STATES), f"round {round_number}: {states}"
    with connected_org(sandbox_url) as org:
        keys = [row["Queue_Key__c"] for row in org.crm.read("ABM_Queue_Item__c", ["Queue_Key__c"]).to_pylist()]
        assert sorted(keys) == sorted(f"r{number}-{n}" for number in range(1, ROUNDS + 1) for n in range(1, 6))
    assert interrupted >= ROUNDS // 5, "most deliveries ended before they were killed: choose earlier instants"
