"""A sandbox with invented companies, and deliveries to it, for the tests of delivery."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from reverse_etl.apply import Outcome, apply
from reverse_etl.delivery import plan_delivery
from reverse_etl.destinations.salesforce.read import CONTRACT_COLUMNS
from reverse_etl.destinations.salesforce.session import Credentials, connect
from reverse_etl.destinations.salesforce.write import SalesforceCrm
from reverse_etl.ledger import LedgerStore
from reverse_etl.plan import Plan
from reverse_etl.rules import DeliveryRules
from tests.unit.reverse_etl.night import account_row, house_rules, queue_row

ROOT = Path(__file__).parents[2]
FORCE_APP = ROOT / "reverse_etl" / "salesforce" / "force-app"
ACCOUNTS, CONTACTS = 2_300, 20
DAY = date(2026, 10, 31)


def account(number: int) -> str:
    return with_checksum(f"001A{number:011d}")


def contact(number: int) -> str:
    return with_checksum(f"003A{number:011d}")


def user(number: int) -> str:
    return with_checksum(f"005A{number:011d}")


def with_checksum(short: str) -> str:
    """18 characters: the only capital is the fourth, bit 3 of the first group, which is I."""
    return short + "IAA"


def landing(folder: Path) -> Path:
    """A CRM export of invented companies and persons."""
    stamp = "2026-01-05T10:00:00Z"
    files: dict[str, list[dict[str, str]]] = {
        "User": [
            {
                "Id": user(n),
                "Name": f"Rep {n}",
                "Email": f"rep{n}@seller.example",
                "IsActive": "true",
                "TimeZoneSidKey": "GMT",
            }
            for n in (1, 2)
        ],
        "Account": [
            {
                "Id": account(n),
                "Name": f"Firm {n} 株式会社" if n % 2 else f'Firm "{n}", Ltd',
                "Website": f"firm{n}.example",
                "AnnualRevenue": "€1,600,000" if n == 1 else "",
                "OwnerId": user(1),
                "CreatedDate": stamp,
                "LastModifiedDate": stamp,
                "IsDeleted": "false",
            }
            for n in range(1, ACCOUNTS + 1)
        ],
        "Contact": [
            {
                "Id": contact(n),
                "AccountId": account(n),
                "FirstName": "Given",
                "LastName": f"Placeholder {n}",
                "Email": f"c{n}@firm{n}.example",
                "HasOptedOutOfEmail": "true" if n == 1 else "false",
                "DoNotCall": "false",
                "CreatedDate": stamp,
                "LastModifiedDate": stamp,
                "IsDeleted": "false",
            }
            for n in range(1, CONTACTS + 1)
        ],
    }
    for name, rows in files.items():
        path = folder / "salesforce" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = [column for column in CONTRACT_COLUMNS[name] if column in rows[0]]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


@contextmanager
def running_sandbox(folder: Path) -> Iterator[str]:
    """Address of a sandbox that holds `landing`; it ends with the block."""
    command = [
        *(sys.executable, "-m", "sandbox", "serve", "--state", str(folder / "state"), "--port", "0"),
        *("--schema", str(FORCE_APP), "--restore", str(landing(folder / "landing"))),
    ]
    log = folder / "errors.txt"
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, f"the sandbox did not start: {log.read_text(encoding='utf-8')[-2000:]}"
            yield str(json.loads(line)["url"])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
            process.stdout.close()


@dataclass
class Org:
    """The sandbox, a fresh ledger, and the rules."""

    crm: SalesforceCrm
    ledger: LedgerStore
    rules: DeliveryRules

    def plan(self, desired: dict[str, pa.Table], day: date = DAY) -> Plan:
        return plan_delivery(self.crm, self.ledger, desired, self.rules, run_id=f"run-{day}", as_of_date=day)

    def deliver(self, desired: dict[str, pa.Table], day: date = DAY) -> Outcome:
        return apply(self.plan(desired, day), self.crm, self.ledger)

    def edit(self, object_name: str, record_id: str, **values: object) -> None:
        """Change a record as a person would."""
        self.crm.connection.call(
            "PATCH", f"sobjects/{object_name}/{record_id}", kind="edit", is_repeatable=False, json=values
        )

    def held(self, object_name: str, *fields: str) -> dict[str, dict[str, str | None]]:
        """What the CRM holds, by Id."""
        return {row["Id"]: row for row in self.crm.read(object_name, fields).to_pylist()}


@contextmanager
def connected_org(url: str, warehouse: str = ":memory:") -> Iterator[Org]:
    """A delivery's view of the sandbox, with a ledger in `warehouse`."""
    connection = duckdb.connect(warehouse)
    # The sandbox answers in milliseconds: polls need not be as far apart as for an org.
    connected = connect(Credentials(url, "sandbox", "sandbox"), sleep=lambda seconds: time.sleep(min(seconds, 0.05)))
    try:
        yield Org(SalesforceCrm(connected), LedgerStore(connection), house_rules())
    finally:
        connected.salesforce.session.close()
        connection.close()


def wanted(first: int, last: int, **changes: object) -> list[dict[str, object]]:
    return [
        account_row(
            n, salesforce_account_id=account(n), abm_account_key=f"acc_{n:016x}", score=float(n % 100), **changes
        )
        for n in range(first, last + 1)
    ]


def item(number: int, **changes: object) -> dict[str, object]:
    row = {
        "salesforce_account_id": account(number),
        "salesforce_contact_id": contact(number),
        "salesforce_owner_id": user(1),
    }
    return queue_row(number, **(row | changes))
