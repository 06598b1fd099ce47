"""Assets of layer `raw`: what the sources said."""

from collections.abc import Iterator

import dagster as dg

from loading import CONTRACT, load_landing
from loading.batches import create_raw_tables
from orchestration.crm import extract_crm
from orchestration.resources import Crm, NightlyRun, Warehouse
from orchestration.run_record import begin_run

_OWNERS = ["team:data"]


def _spec(name: str, description: str, deps: list[dg.AssetKey] | None = None) -> dg.AssetSpec:
    return dg.AssetSpec(
        ["raw", name],
        deps=deps or [],
        description=description,
        group_name="raw",
        owners=_OWNERS,
        kinds={"python", "duckdb"},
    )


_FILE_TABLES = [table for table in CONTRACT if table.folder != "salesforce"]
_CRM_TABLES = [table for table in CONTRACT if table.folder == "salesforce"]


@dg.multi_asset(
    name="landing_tables",
    specs=[
        _spec("loads", "One row per file or extract that was loaded, with its row counts."),
        _spec("rejected", "Rows that could not be read, with file, line, column and reason."),
        *(
            _spec(table.raw_table, f"`{table.name}` of the landing folder, as its source said it.")
            for table in _FILE_TABLES
        ),
    ],
)
def landing_tables(
    context: dg.AssetExecutionContext, nightly_run: NightlyRun, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult]:
    """Load the landing folder: new files only, whole files only, every unreadable row set aside with its reason."""
    with warehouse.connect() as connection:
        begin_run(connection, context.run.run_id, nightly_run.as_of)
        create_raw_tables(connection)
        counts: dict[str, dict[str, int]] = {}
        if nightly_run.input:
            load = load_landing(connection, nightly_run.input, nightly_run.as_of, context.log.info)
            for file in load.files:
                table_counts = counts.setdefault(file.table, {"rows_in": 0, "rows_rejected": 0})
                table_counts["rows_in"] += file.rows_in
                table_counts["rows_rejected"] += file.rows_rejected
            for name in load.missing_tables:
                context.log.warning(f"{name}: not in the landing folder; the run goes on without it.")
            for name in load.ignored_files:
                context.log.warning(f"{name}: belongs to no table of the landing contract; ignored.")
        rows = {table.raw_table: _count(connection, table.raw_table) for table in _FILE_TABLES}
        rows |= {"loads": _count(connection, "loads"), "rejected": _count(connection, "rejected")}
    for name, row_count in rows.items():
        yield dg.MaterializeResult(
            asset_key=["raw", name], metadata={"dagster/row_count": row_count, **counts.get(name, {})}
        )


@dg.multi_asset(
    name="crm_tables",
    specs=[
        _spec(
            table.raw_table,
            f"`{table.file}` records of the CRM, every version that was seen, as its API or export file said it.",
            [dg.AssetKey(["raw", "loads"])],
        )
        for table in _CRM_TABLES
    ],
)
def crm_tables(
    context: dg.AssetExecutionContext, nightly_run: NightlyRun, warehouse: Warehouse, crm: Crm
) -> Iterator[dg.MaterializeResult]:
    """Extract the CRM's records over its API; with `crm: files` the export files of the landing folder are all there is."""
    extracted: dict[str, int] = {}
    if nightly_run.crm != "files":
        extracted = extract_crm(warehouse, crm, nightly_run.as_of, context.log.info)
    with warehouse.connect() as connection:
        rows = {table.raw_table: _count(connection, table.raw_table) for table in _CRM_TABLES}
    for name, row_count in rows.items():
        metadata: dict[str, int] = {"dagster/row_count": row_count}
        if name in extracted:
            metadata["records_extracted"] = extracted[name]
        yield dg.MaterializeResult(asset_key=["raw", name], metadata=metadata)


def _count(connection: object, table: str) -> int:
    return int(connection.execute(f'select count(*) from raw."{table}"').fetchall()[0][0])  # type: ignore[attr-defined]
