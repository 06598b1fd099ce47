"""Assets of layer `measurement` that Python makes."""

import dagster as dg

from measurement.funnel import win_curve as estimate_win_curve
from orchestration.resources import NightlyRun, Warehouse


@dg.asset(
    key=["measurement", "win_curve"],
    deps=[dg.AssetKey(["marts", "fct_opportunities"])],
    group_name="measurement",
    owners=["team:revops"],
    kinds={"python", "duckdb"},
)
def win_curve(nightly_run: NightlyRun, warehouse: Warehouse) -> dg.MaterializeResult:
    """Share of qualified opportunities won by age, open ones censored, as of each night."""
    with warehouse.connect() as connection:
        opportunities = connection.execute("select * from marts.fct_opportunities order by opportunity_id").df()
        curve = estimate_win_curve(opportunities, nightly_run.as_of)
        curve["as_of_date"] = nightly_run.as_of
        connection.execute("create schema if not exists measurement")
        connection.execute(
            "create table if not exists measurement.win_curve (days_since_sqo bigint, at_risk bigint, won bigint, lost bigint,"
            " win_share double, win_share_low double, win_share_high double, as_of_date date)"
        )
        connection.execute("delete from measurement.win_curve where as_of_date = ?", [nightly_run.as_of])
        connection.register("new_rows", curve)
        connection.execute("insert into measurement.win_curve by name select * from new_rows")
    return dg.MaterializeResult(metadata={"dagster/row_count": len(curve)})
