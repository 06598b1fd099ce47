"""Assets of layer `identity` that Python makes: which company each record is, under ids that stay."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from identity import IdentityRules, domain_keys
from identity.hierarchy import decide_hierarchy, record_places
from identity.rules import RULE_TABLES
from identity.titles import TITLE_RULE_TABLES, UNKNOWN_ROLE, TitleRules, read_titles
from orchestration.resolve_night import resolve_night
from orchestration.resources import NightlyRun, Warehouse, replace_table

_TABLES = {
    "record_keys": "Normalised keys of each company record, and what is wrong with them.",
    "account_members": "The account of each company record, the rule and the record that put it there.",
    "match_candidates": "Pairs that were joined, that a person should decide, or that a fact keeps apart.",
    "account_id_history": "Every account that was created, merged, split or joined, since the first night.",
    "account_aliases": "Ids that were merged away, and the account that each stands for, for ever.",
    "set_aside": "What was not compared, with the reason and how many records it concerns.",
}

_HIERARCHY_TABLES = {
    "account_hierarchy": "Parent and ultimate parent, as of the night, of each account that has one.",
    "ownership_outcomes": "What became of each statement about who owns whom: used, superseded, a circle, unknown, ...",
    "record_places": "Comparable address, postal code and telephone of each company record that names one.",
}


def _rule_keys(*names: str) -> list[dg.AssetKey]:
    return [dg.AssetKey(["rules", name]) for name in names]


@dg.asset(
    key=["identity", "domain_keys"],
    deps=[dg.AssetKey(["identity", "hosts"]), *_rule_keys("free_mail_domains")],
    group_name="identity",
    owners=["team:data"],
    kinds={"python", "duckdb"},
)
def host_keys(warehouse: Warehouse) -> dg.MaterializeResult:
    """Registrable domain and kind (company, free mail, ISP, shared host, ...) of every host that any source names."""
    with warehouse.connect() as connection:
        hosts = connection.sql("select host from identity.hosts order by host").to_arrow_table()["host"]
        keys = domain_keys(hosts, connection.execute("select * from rules.free_mail_domains").df())
        replace_table(connection, "identity.domain_keys", keys)
    return dg.MaterializeResult(metadata={"dagster/row_count": keys.num_rows})


@dg.asset(
    key=["identity", "title_readings"],
    deps=[dg.AssetKey(["identity", "titles"]), *_rule_keys(*TITLE_RULE_TABLES)],
    group_name="identity",
    owners=["team:revops"],
    kinds={"python", "duckdb"},
)
def title_readings(warehouse: Warehouse) -> dg.MaterializeResult:
    """Function, rank and role that each job title stands for, with the rule that decided and how surely."""
    with warehouse.connect() as connection:
        rules = TitleRules.from_tables(
            **{name: connection.execute(f"select * from rules.{name}").df() for name in TITLE_RULE_TABLES}
        )
        titles = connection.execute("select title, department from identity.titles").fetchall()
        readings = read_titles(titles, rules)
        replace_table(connection, "identity.title_readings", readings)
    understood = readings.num_rows - Counter(readings["role"].to_pylist())[UNKNOWN_ROLE]
    return dg.MaterializeResult(metadata={"dagster/row_count": readings.num_rows, "understood": understood})


@dg.multi_asset(
    name="resolved_accounts",
    specs=[
        dg.AssetSpec(
            ["identity", name],
            deps=[dg.AssetKey(["identity", "company_records"]), *_rule_keys(*RULE_TABLES)],
            description=description,
            group_name="identity",
            owners=["team:data"],
            kinds={"python", "duckdb"},
        )
        for name, description in _TABLES.items()
    ],
)
def resolved_accounts(
    context: dg.AssetExecutionContext, nightly_run: NightlyRun, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult]:
    """Resolve company records to accounts; a record's account id never moves without a row of history."""
    with warehouse.connect() as connection:
        rules = IdentityRules.from_tables(
            **{name: connection.execute(f"select * from rules.{name}").df() for name in RULE_TABLES}
        )
        night = resolve_night(connection, rules, nightly_run.as_of)
        rows = {
            name: int(connection.execute(f"select count(*) from identity.{name}").fetchall()[0][0]) for name in _TABLES
        }
        set_aside = connection.execute(
            "select reason, record_count, note from identity.set_aside order by all"
        ).fetchall()
    context.log.info(
        f"{night.records:,} records, {night.changed:,} new or changed, {night.gone:,} gone; compared {night.compared:,}: "
        + (night.why_full or "those that a change can touch")
    )
    for reason, count, note in set_aside:
        context.log.info(f"set aside: {reason}, {count} ({note})")
    for name in _TABLES:
        yield dg.MaterializeResult(asset_key=["identity", name], metadata={"dagster/row_count": rows[name]})


@dg.multi_asset(
    name="account_hierarchy",
    specs=[
        dg.AssetSpec(
            ["identity", name],
            deps=[
                *(dg.AssetKey(["identity", key]) for key in ("account_members", "company_records", "ownership_facts")),
                *_rule_keys("account_overrides"),
            ],
            description=description,
            group_name="identity",
            owners=["team:data"],
            kinds={"python", "duckdb"},
        )
        for name, description in _HIERARCHY_TABLES.items()
    ],
)
def account_hierarchy(nightly_run: NightlyRun, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:
    """Decide who owns whom on the day of the run: a person's decision, else the latest statement that closes no circle."""
    with warehouse.connect() as connection:
        account_of = dict(
            connection.execute(
                "select record_id, account_id from identity.account_members"
                " where record_id in (select record_id from identity.company_records)"
            ).fetchall()
        )
        decided = connection.execute(
            "select left_record, right_record from rules.account_overrides where decision = 'parent' order by all"
        ).fetchall()
        facts = connection.sql("select * from identity.ownership_facts order by all").to_arrow_table()
        hierarchy = decide_hierarchy(facts, account_of, nightly_run.as_of, decided)
        records = connection.sql("select * from identity.company_records order by record_id").to_arrow_table()
        tables_made = {
            "account_hierarchy": hierarchy.parents,
            "ownership_outcomes": hierarchy.outcomes,
            "record_places": record_places(records),
        }
        for name, rows in tables_made.items():
            replace_table(connection, f"identity.{name}", rows)
    for name, rows in tables_made.items():
        counts = Counter(rows["outcome"].to_pylist()) if name == "ownership_outcomes" else {}
        yield dg.MaterializeResult(
            asset_key=["identity", name], metadata={"dagster/row_count": rows.num_rows, **dict(sorted(counts.items()))}
        )
