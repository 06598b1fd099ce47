"""The CRM as the nightly run uses it: log in, extract every object of the landing contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from loading import CONTRACT, store_extract
from loading.batches import record_arrivals
from orchestration.resources import Crm, Warehouse
from reverse_etl.destinations.salesforce.session import Credentials, connect
from reverse_etl.destinations.salesforce.write import SalesforceCrm


def connect_crm(crm: Crm, api_reserve_share: float = 0.0) -> SalesforceCrm:
    """A logged-in CRM.

    Raises
    ------
    UsageError
        If credentials are not set.
    SyncError
        If the CRM does not answer or refuses them.
    """
    return SalesforceCrm(connect(Credentials(crm.login_url, **crm.credentials), api_reserve_share=api_reserve_share))


def extract_crm(warehouse: Warehouse, crm: Crm, as_of: date, log: Callable[[str], None]) -> dict[str, int]:
    """Store every new version of the CRM's records in `raw`; the number of records read, by raw table.

    Every record is read each night: a version that is stored already is recognised by its content, so that nothing hangs on
    a watermark that a failed night might have moved.
    """
    salesforce = connect_crm(crm)
    counts = {}
    for table in CONTRACT:
        if table.folder != "salesforce":
            continue
        extract = salesforce.extract(table.file)
        for column in extract.missing_privacy_columns:
            log(f"{table.file}.{column} is hidden from the integration user: everyone counts as opted out.")
        with warehouse.connect() as connection:
            store_extract(connection, table, extract.table, as_of, f"crm:{table.file}")
        counts[table.raw_table] = extract.table.num_rows
        log(f"{table.file}: {extract.table.num_rows:,} records")
    with warehouse.connect() as connection:
        record_arrivals(connection, as_of, counts, is_crm_extract=True)
    return counts
