"""Assets of layer `scoring`: the quarterly target list, its changes and what each quarter was set to."""

from collections.abc import Iterator

import dagster as dg

from orchestration.resources import NightlyRun, Warehouse
from orchestration.target_list_night import LIST_RULES, LIST_SCORES, decide_night, tables_of

_DESCRIPTIONS = {
    "target_list": "The accounts that are worked one by one this quarter, each with the reason for which it is there.",
    "target_list_changes": "Who entered, stayed on or left the target list, why, at which scores and by which method.",
    "target_list_quarters": "What the list of each quarter was set to: places, composite threshold, swaps.",
}


@dg.multi_asset(
    name="target_list",
    specs=[
        dg.AssetSpec(
            ["scoring", name],
            deps=[
                *(dg.AssetKey(["scoring", score]) for score in LIST_SCORES),
                *(dg.AssetKey(["marts", mart]) for mart in ("account_360", "fct_touch_days", "fct_sales_activities")),
                *(dg.AssetKey(["rules", rule]) for rule in (*LIST_RULES, "touch_types")),
                *(
                    dg.AssetKey(["identity", table])
                    for table in ("account_aliases", "account_members", "account_domains")
                ),
                dg.AssetKey(["activation", "int_held_accounts"]),
            ],
            description=description,
            group_name="scoring",
            owners=["team:revops"],
            kinds={"python", "duckdb"},
        )
        for name, description in _DESCRIPTIONS.items()
    ],
)
def target_list(
    context: dg.AssetExecutionContext, nightly_run: NightlyRun, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult]:
    """Decide about the list as of the night; a night that is run again replaces its own rows only."""
    with warehouse.connect() as connection:
        decided = decide_night(connection, nightly_run.as_of)
    for note in decided.notes:
        context.log.info(note)
    for name, rows in tables_of(decided).items():
        yield dg.MaterializeResult(asset_key=["scoring", name], metadata={"dagster/row_count": len(rows)})
