"""Assets of layer `raw`: what the sources said."""

from collections.abc import Iterator

import dagster as dg

from loading import CONTRACT, ContractTable, load_landing
from loading.batches import create_raw_tables
from orchestration.crm import extract_crm
from orchestration.resources import Crm, NightlyRun, Warehouse
from orchestration.run_record import begin_run

_OWNERS = ["team:data"]


def _spec(name: str, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        ["raw", name], description=description, group_name="raw", owners=_OWNERS, kinds={"python", "duckdb"}
    )


def _describe(table: ContractTable) -> str:
    if table.folder == "salesforce":
        return f"`{table.file}` records of the CRM, every version that was seen, as its API or export file said it."
    return f"`{table.name}` of the landing folder, as its source said it."


@dg.multi_asset(
    name="raw_tables",
    specs=[
        _spec("loads", "One row per file or extract that was loaded, with its row counts."),
        _spec("rejected", "Rows that could not be read, with file, line, column and reason."),
        *(_spec(table.raw_table, _describe(table)) for table in CONTRACT),
    ],
)
def raw_tables(
    context: dg.AssetExecutionContext, nightly_run: NightlyRun, warehouse: Warehouse, crm: Crm
) -> Iterator[dg.MaterializeResult]:
    """Begin the run, load new files of the landing folder, extract the CRM's records over its API.

    New files only, whole files only, every unreadable row set aside with its reason. With `crm: files` the export files of
    the landing folder are all there is of the CRM. One step, so that dbt stages everything behind it in one command.
    """
    with warehouse.connect() as connection:
        begin_run(connection, context.run.run_id, nightly_run.as_of)
        create_raw_tables(connection)
        if nightly_run.input:
            load = load_landing(connection, nightly_run.input, nightly_run.as_of, context.log.info)
            for name in load.missing_tables:
                context.log.warning(f"{name}: not in the landing folder; the run goes on without it.")
            for name in load.ignored_files:
                context.log.warning(f"{name}: belongs to no table of the landing contract; ignored.")
    if nightly_run.crm != "files":
        extract_crm(warehouse, crm, nightly_run.as_of, context.log.info)
    with warehouse.connect() as connection:
        names = ["loads", "rejected", *(table.raw_table for table in CONTRACT)]
        rows = {name: int(connection.execute(f'select count(*) from raw."{name}"').fetchall()[0][0]) for name in names}
        rejected = dict(
            connection.execute("select table_name, count(*) from raw.rejected group by table_name").fetchall()
        )
    for name in names:
        yield dg.MaterializeResult(
            asset_key=["raw", name], metadata={"dagster/row_count": rows[name], "rows_rejected": rejected.get(name, 0)}
        )
