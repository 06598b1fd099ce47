"""What a night came to: read from the warehouse, shown on a terminal or as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from orchestration.rows import fetch
from orchestration.views import read_delivery

QUEUE_ROWS = 8


@dataclass(frozen=True)
class NightSummary:
    """Counts of one night; `loads` has a row for each table of the landing folder or extract of the CRM."""

    as_of_date: str
    state: str
    rules_hash: str
    git_revision: str
    loads: list[dict[str, Any]]
    rejected_by_reason: list[dict[str, Any]]
    crm_accounts: int
    crm_duplicates: int
    company_records: int
    accounts: int
    accounts_outside_crm: int
    review_candidates: int
    activity: dict[str, int]
    tiers: list[dict[str, Any]]
    scores: list[dict[str, Any]]
    queue_size: int
    queue_reps: int
    queue: list[dict[str, Any]]
    delivery: list[dict[str, Any]]
    tests_passed: int
    tests_warned: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON would hold it."""
        return asdict(self)


def read_summary(connection: duckdb.DuckDBPyConnection, as_of: date) -> NightSummary:
    """The summary of a night, from the tables that the night left behind."""
    rows = partial(fetch, connection)

    def number(sql: str, **parameters: object) -> int:
        return int(connection.execute(sql, parameters or None).fetchall()[0][0] or 0)

    run = rows("select * from delivery.runs order by run_number desc limit 1")[0]
    return NightSummary(
        as_of_date=as_of.isoformat(),
        state=run["state"],
        rules_hash=run["rules_hash"],
        git_revision=run["git_revision"],
        loads=rows(
            "select table_name, count(*) as files, sum(rows_in)::bigint as rows_in, sum(rows_kept)::bigint as rows_kept,"
            " sum(rows_rejected)::bigint as rows_rejected, bool_or(file like 'crm:%') as is_crm_extract"
            " from raw.loads group by table_name, file like 'crm:%' order by is_crm_extract, table_name"
        ),
        rejected_by_reason=rows(
            "select table_name, column_name, reason, count(*) as row_count, min(file || ', line ' || line) as example"
            " from raw.rejected group by all order by all"
        ),
        crm_accounts=number("select count(*) from marts.dim_account_records where source = 'salesforce'"),
        crm_duplicates=number(
            "select count(*) from marts.dim_account_records where source = 'salesforce' and not is_primary"
        ),
        company_records=number("select count(*) from marts.dim_account_records"),
        accounts=number("select count(*) from marts.account_360"),
        accounts_outside_crm=number("select count(*) from marts.dim_accounts where not is_in_crm"),
        review_candidates=number("select count(*) from identity.match_candidates where decision = 'review'"),
        activity=rows(
            "select sum(raw_rows)::bigint as raw_rows, sum(duplicate_rows)::bigint as duplicate_rows,"
            " sum(not_yet_visible_rows)::bigint as not_yet_visible_rows, sum(bot_rows)::bigint as bot_rows,"
            " sum(attributed_rows)::bigint as attributed_rows,"
            " sum(attributed_outside_crm_rows)::bigint as attributed_outside_crm_rows,"
            " sum(unattributed_rows)::bigint as unattributed_rows from marts.activity_reconciliation"
        )[0],
        tiers=rows(
            "select tier, count(*) as accounts, round(avg(composite_score), 1) as mean_score,"
            " count(*) filter (where previous_tier is distinct from tier and previous_tier is not null) as moved"
            " from activation.tiers group by tier order by tier"
        ),
        scores=rows(
            "select 'fit' as score, count(fit_points) as scored, count(*) - count(fit_points) as missing,"
            " round(median(fit_points), 1) as median, round(quantile_cont(fit_points, 0.9), 1) as top_decile"
            " from scoring.fit_scores where as_of_date = $as_of union all "
            "select 'intent', count(intent_score), count(*) - count(intent_score), round(median(intent_score), 1),"
            " round(quantile_cont(intent_score, 0.9), 1) from scoring.intent_scores where as_of_date = $as_of union all "
            "select 'engagement', count(engagement_score), count(*) - count(engagement_score),"
            " round(median(engagement_score), 1), round(quantile_cont(engagement_score, 0.9), 1)"
            " from scoring.engagement_scores where as_of_date = $as_of union all "
            "select 'composite', count(composite_score), count(*) - count(composite_score),"
            " round(median(composite_score), 1), round(quantile_cont(composite_score, 0.9), 1)"
            " from scoring.composite_scores where as_of_date = $as_of",
            as_of=as_of,
        ),
        queue_size=number("select count(*) from activation.sdr_queue"),
        queue_reps=number("select count(distinct salesforce_user_id) from activation.sdr_queue"),
        queue=rows(
            "select account.account_name, queue.tier, queue.role, queue.expected_value_usd, queue.reason,"
            " queue.suggested_action from (select *, coalesce(tiers.tier, '') as tier, case when accounts.country_code ="
            " 'JP' then queue.reason_ja else queue.reason_en end as reason, case when accounts.country_code = 'JP' then"
            " queue.suggested_action_ja else queue.suggested_action_en end as suggested_action"
            " from activation.sdr_queue as queue left join activation.tiers as tiers using (account_id)"
            " left join marts.dim_accounts as accounts using (account_id)) as queue"
            " left join marts.dim_accounts as account using (account_id)"
            f" order by queue.expected_value_usd desc, queue.account_id limit {QUEUE_ROWS}"
        ),
        delivery=read_delivery(connection),
        tests_passed=number(
            "select count(*) from delivery.test_results"
            " where resource_type in ('test', 'unit_test') and status in ('pass', 'success')"
        ),
        tests_warned=number("select count(*) from delivery.test_results where status = 'warn'"),
    )


def print_summary(summary: NightSummary, warehouse: Path, report: Path, console: Console) -> None:
    """The summary as a RevOps manager reads it: what came in, who matters today and why, what the CRM now shows."""
    console.print()
    console.print(
        Panel(Group(*_headline(summary)), title=f"abm360 · {summary.as_of_date}", box=box.ROUNDED, expand=False)
    )
    console.print(_loads_table(summary))
    console.print(_tiers_table(summary))
    console.print(_queue_list(summary))
    console.print(_delivery_lines(summary))
    console.print(
        Text.assemble(
            ("Where to look next\n", "bold"),
            f"  {report}  the same as a page\n",
            f"  abm queue --warehouse {warehouse}  each rep's list\n",
            f"  abm explain ACCOUNT --warehouse {warehouse}  everything behind one account\n",
            "  make ui  lineage, reruns, and the sandbox CRM as a rep sees it",
        )
    )


def _headline(summary: NightSummary) -> list[Text]:
    activity = summary.activity
    return [
        Text.assemble(
            (f"{summary.crm_accounts:,}", "bold"),
            " CRM accounts are ",
            (f"{summary.accounts:,}", "bold"),
            " companies: ",
            f"{summary.crm_duplicates:,} are duplicates, {summary.review_candidates:,} pairs wait for a person's decision.",
        ),
        Text(
            f"{summary.company_records:,} company records from all sources; {summary.accounts_outside_crm:,} companies are"
            " known that the CRM lacks."
        ),
        Text(
            f"{activity['raw_rows'] or 0:,} activity rows: {activity['attributed_rows'] or 0:,} on CRM accounts,"
            f" {activity['attributed_outside_crm_rows'] or 0:,} on other companies, {activity['unattributed_rows'] or 0:,}"
            f" on nobody yet, {activity['bot_rows'] or 0:,} bots, {activity['duplicate_rows'] or 0:,} repeated,"
            f" {activity['not_yet_visible_rows'] or 0:,} dated after the night."
        ),
        Text(
            f"{summary.tests_passed:,} data tests passed, {summary.tests_warned:,} warned · rules {summary.rules_hash} ·"
            f" revision {summary.git_revision}",
            style="dim",
        ),
    ]


def _loads_table(summary: NightSummary) -> Table:
    table = Table(title="Rows in", box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for name in ("table", "rows", "kept", "rejected"):
        table.add_column(name, justify="left" if name == "table" else "right")
    for load in summary.loads:
        if not load["is_crm_extract"]:
            rejected = f"[yellow]{load['rows_rejected']:,}[/]" if load["rows_rejected"] else "0"
            table.add_row(load["table_name"], f"{load['rows_in']:,}", f"{load['rows_kept']:,}", rejected)
    files = [load for load in summary.loads if not load["is_crm_extract"]]
    table.add_section()
    table.add_row(
        "all files",
        *(f"{sum(load[name] for load in files):,}" for name in ("rows_in", "rows_kept", "rows_rejected")),
        style="bold",
    )
    if summary.rejected_by_reason:
        example = summary.rejected_by_reason[0]["example"]
        table.caption = f"Rejected rows stand in raw.rejected with file, line and reason, such as {example}"
    extracted = sum(load["rows_in"] for load in summary.loads if load["is_crm_extract"])
    if extracted:
        table.add_row("new record versions from the CRM", f"{extracted:,}", f"{extracted:,}", "0", style="dim")
    return table


def _tiers_table(summary: NightSummary) -> Table:
    table = Table(title="Tiers and scores", box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for name in ("", "accounts", "moved", "median", "top decile", "no score"):
        table.add_column(name, justify="left" if not name else "right")
    for tier in summary.tiers:
        table.add_row(
            tier["tier"], f"{tier['accounts']:,}", f"{tier['moved']:,}", f"{tier['mean_score']:.1f} mean", "", ""
        )
    table.add_section()
    for score in summary.scores:
        table.add_row(
            score["score"],
            f"{score['scored']:,}",
            "",
            _shown(score["median"]),
            _shown(score["top_decile"]),
            f"{score['missing']:,}",
        )
    return table


def _queue_list(summary: NightSummary) -> Group:
    """The queue as a list: reasons are sentences, and a table would break them into columns of syllables."""
    lines: list[RenderableType] = [
        Text(f"Top of the queue: {summary.queue_size:,} actions for {summary.queue_reps:,} reps", style="bold")
    ]
    for number, item in enumerate(summary.queue, start=1):
        name = (item["account_name"] or "(no name)", "bold")
        facts = (f"  {item['tier']}, {item['role']}, ${item['expected_value_usd']:,.0f}", "cyan")
        lines.append(Padding(Text.assemble(f"{number}. ", name, facts), (0, 0, 0, 2)))
        lines.append(Padding(Text(f"why  {item['reason'] or ''}"), (0, 0, 0, 5)))
        lines.append(Padding(Text(f"do   {item['suggested_action'] or ''}"), (0, 0, 0, 5)))
    if not summary.queue:
        lines.append(Text("  No account is released, permitted and out of cooldown today."))
    return Group(*lines, Text())


def _delivery_lines(summary: NightSummary) -> Text:
    if not summary.delivery:
        return Text("CRM: nothing was planned in this run.", style="yellow")
    written = sum(row["records"] for row in summary.delivery if row["state"] == "sent")
    failed = sum(row["records"] for row in summary.delivery if row["state"] == "rejected")
    lines = Text.assemble(("Written to the CRM\n", "bold"))
    if not written and not failed:
        lines.append("  0 records written: the CRM already holds tonight's values.\n", style="green")
    for row in summary.delivery:
        style = "red" if row["state"] == "rejected" else ""
        lines.append(f"  {row['object_name']}: {row['records']:,} {row['action']}, {row['state']}\n", style=style)
    return lines


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
