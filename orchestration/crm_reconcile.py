"""What became in the CRM of all that it was sent."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.compute as pc
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.crm import connect_crm
from orchestration.delivery import read_delivery_rules
from orchestration.errors import UsageError
from orchestration.resources import Crm, open_warehouse
from orchestration.writer_lock import WriterLock
from reverse_etl.ledger import LedgerStore
from reverse_etl.reconcile import KINDS, Drift, reconcile
from reverse_etl.rules import OBJECTS

_SHOWN = 20


def reconcile_delivery(warehouse: Path) -> Drift:
    """Read back what was ever sent, and keep where the CRM differs in `delivery.drift`.

    Raises
    ------
    UsageError
        If nothing was ever delivered from this warehouse, or another process writes it.
    """
    with WriterLock(warehouse, "abm reconcile"), open_warehouse(warehouse) as connection:
        ledger = LedgerStore(connection)
        last_sent = ledger.last_sent()
        if not last_sent:
            raise UsageError(f"{warehouse}: nothing was delivered from it yet. Deliver with `abm run` or `abm apply`.")
        drift = reconcile(connect_crm(Crm()), last_sent, read_delivery_rules(connection))
        ledger.keep_drift(drift.rows)
    return drift


def print_drift(drift: Drift, as_json: bool, out: Console) -> None:
    """Counts by object, and the accounts and queue items that differ; persons are counted only."""
    if as_json:
        out.print_json(
            json.dumps({"records": drift.record_count, "values": drift.value_count, "drift": drift.counts()})
        )
        return
    out.print(f"{drift.record_count:,} records and {drift.value_count:,} values were read back.")
    counts = drift.counts()
    if not counts:
        out.print("[green]✓[/] The CRM holds what it was sent.")
        return
    table = Table(title="Otherwise than sent", title_justify="left")
    table.add_column("object")
    for kind in KINDS:
        table.add_column(kind, justify="right")
    for name, by_kind in counts.items():
        table.add_row(name, *(f"{by_kind[kind]:,}" for kind in KINDS))
    out.print(table)
    private = [spec.name for spec in OBJECTS if spec.is_about_a_person]
    shown = drift.rows.filter(pc.invert(pc.is_in(drift.rows["object"], pc.cast(private, "string"))))
    for row in shown.slice(0, _SHOWN).to_pylist():
        what = row["field"] or (f"into {row['merged_into_id']}" if row["merged_into_id"] else "")
        out.print(f"{row['object']} {row['record_key']} {row['kind']} {escape(what)}", highlight=False, soft_wrap=True)
    if shown.num_rows > _SHOWN:
        out.print(f"and {shown.num_rows - _SHOWN:,} more")
    out.print("All rows are in delivery.drift. An edit stays until the field is handed back (reverse_etl/README.md).")
