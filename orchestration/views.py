"""What the read-only commands show: the queue, the state of the nights, everything behind one account."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import Any

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.account_evidence import EVIDENCE_DAYS, SCORES, read_evidence
from orchestration.errors import UsageError
from orchestration.rows import Rows, TableReader, fetch
from orchestration.sparkline import sparkline, weekly
from reverse_etl.ledger import dead_letters

_MOST_LETTERS = 50

_FAMILY = (
    "select case when family.account_id = account.ultimate_parent_account_id then 'ultimate parent'"
    " when family.account_id = account.parent_account_id then 'parent' else 'subsidiary' end as relation,"
    " family.account_id, family.account_name, family.country_code, family.employees_count, family.is_customer"
    " from marts.dim_accounts as account inner join marts.dim_accounts as family"
    " on family.account_id in (account.parent_account_id, account.ultimate_parent_account_id)"
    " or family.parent_account_id = account.account_id"
    " where account.account_id = $account_id and family.account_id <> account.account_id"
    " order by relation = 'subsidiary', relation desc, family.account_name, family.account_id limit 20"
)
_ALIASES = " or account_id in (select account_id from identity.account_aliases where alias_account_id = $text)"
_RECORDS = " or account_id in (select account_id from marts.dim_account_records where source_id = $text)"
# Parts of the head, of _histories, or of a table that is printed anyway.
_NOT_PRINTED = (
    "account",
    "night",
    "standing",
    "touch_days",
    "research_days",
    "sales_activities",
    "sent_history",
    "absent_tables",
)


def print_json(value: object) -> None:
    """JSON for a script, on standard output."""
    print(json.dumps(value, default=str, ensure_ascii=False, indent=2))  # noqa: T201


def read_queue(connection: duckdb.DuckDBPyConnection, rep: str | None) -> Rows:
    """Queue rows, by rep and rank; of one rep when asked.

    Raises
    ------
    UsageError
        If the rep has no row; names the reps that have.
    """
    rows = fetch(
        connection,
        "select queue.salesforce_user_id, users.user_name as rep, queue.queue_rank, accounts.account_name,"
        " accounts.salesforce_account_id, queue.salesforce_contact_id, queue.role, queue.play, queue.channel,"
        " queue.expected_value_usd, case when accounts.country_code = 'JP' then queue.reason_ja else queue.reason_en end"
        " as reason, case when accounts.country_code = 'JP' then queue.suggested_action_ja else"
        " queue.suggested_action_en end as suggested_action, queue.due_date"
        " from activation.sdr_queue as queue"
        " left join marts.dim_accounts as accounts on queue.account_id = accounts.account_id"
        " left join staging.stg_salesforce__users as users on queue.salesforce_user_id = users.salesforce_user_id"
        " where $rep is null or queue.salesforce_user_id = $rep"
        " order by queue.salesforce_user_id, queue.queue_rank",
        rep=rep,
    )
    if rep is not None and not rows:
        known = fetch(connection, "select distinct salesforce_user_id from activation.sdr_queue order by 1")
        raise UsageError(
            f"{rep}: no queue for this user today. Reps with a queue: "
            f"{', '.join(row['salesforce_user_id'] for row in known) or 'none'}."
        )
    return rows


def print_queue(rows: Rows, as_json: bool, console: Console) -> None:
    """One table per rep."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        console.print("The queue is empty today: no account is released, permitted and out of cooldown.")
    for rep in dict.fromkeys(row["salesforce_user_id"] for row in rows):
        mine = [row for row in rows if row["salesforce_user_id"] == rep]
        table = Table(title=f"{mine[0]['rep'] or rep} · {len(mine)} actions", box=box.SIMPLE_HEAD, title_justify="left")
        for name in ("#", "account", "role", "channel", "value", "why", "do"):
            table.add_column(name, justify="right" if name in ("#", "value") else "left", max_width=52)
        for row in mine:
            table.add_row(
                str(row["queue_rank"]),
                Text(row["account_name"] or ""),
                row["role"],
                row["channel"],
                f"${row['expected_value_usd']:,.0f}",
                Text(row["reason"] or ""),
                Text(row["suggested_action"] or ""),
            )
        console.print(table)


def read_titles_to_review(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Job titles whose role nobody understands, the most useful to explain first."""
    return fetch(
        connection,
        "select title, problem, contact_count, account_count, tiered_account_count"
        " from activation.title_review order by review_rank",
    )


def print_titles(rows: Rows, as_json: bool, console: Console) -> None:
    """A table of the titles, and what mends each."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        console.print("Every job title has a role.")
        return
    table = Table(title=f"{len(rows)} job titles without a role", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("title", "contacts", "accounts", "of them tiered", "mend by"):
        table.add_column(name, justify="left" if name in ("title", "mend by") else "right", overflow="fold")
    for row in rows:
        counts = (f"{row[name]:,}" for name in ("contact_count", "account_count", "tiered_account_count"))
        by = "the department in the CRM" if row["problem"] == "rank_only" else "a row of title_aliases.csv"
        table.add_row(Text(row["title"]), *counts, by)
    console.print(table)
    console.print("abm titles --review prints rows for seeds/rules/title_aliases.csv; fill in function and seniority.")


def title_alias_rows(rows: Rows) -> str:
    """CSV rows for `seeds/rules/title_aliases.csv`, with function and seniority to be filled in; mere ranks are left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["alias", "function", "seniority", "note"])
    for row in rows:
        if row["problem"] != "rank_only":
            note = f"{row['contact_count']} contacts, {row['tiered_account_count']} tiered accounts"
            writer.writerow([row["title"], "", "", note])
    return text.getvalue()


def read_delivery(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Records of the newest plan, counted by object, by what was planned, and by what became of them."""
    return fetch(
        connection,
        "select object as object_name, action, state, count(*) as records from delivery.latest_delivery"
        " group by all order by all",
    )


def read_status(connection: duckdb.DuckDBPyConnection) -> dict[str, Rows]:
    """The last runs, failed tests, and what the last deliveries did."""
    return {
        "runs": fetch(
            connection,
            "select run_number, as_of_date, state, git_revision, rules_hash, message from delivery.runs"
            " order by run_number desc limit 10",
        ),
        "tests": fetch(
            connection,
            "select severity, status, count(*) as tests from delivery.test_results group by all order by all",
        ),
        "delivery": read_delivery(connection),
        "dead letters": _dead_letters(connection),
    }


def _dead_letters(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Records that the CRM has refused for so many nights running that they wait for a person."""
    reader = TableReader(connection)
    if not (reader.has("delivery.refusals") and reader.has("rules.delivery_parameters")):
        return []
    nights = fetch(connection, "select value from rules.delivery_parameters where parameter = 'dead_letter_nights'")
    return dead_letters(connection, int(nights[0]["value"]))[:_MOST_LETTERS] if nights else []


def print_status(status: dict[str, Rows], as_json: bool, console: Console) -> None:
    """The state of the nights."""
    if as_json:
        print_json(status)
        return
    for title, rows in status.items():
        table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
        for name in rows[0] if rows else ("nothing yet",):
            table.add_column(name)
        for row in rows:
            table.add_row(*("" if value is None else str(value) for value in row.values()))
        console.print(table)


def read_explanation(connection: duckdb.DuckDBPyConnection, account: str) -> dict[str, Any]:
    """Everything behind one account, found by account id (old ids too), CRM id, or a part of the name.

    Raises
    ------
    UsageError
        If none or several accounts fit; names up to ten that do. If the warehouse has no accounts yet.
    """
    reader = TableReader(connection)
    if not reader.has("marts.dim_accounts"):
        raise UsageError(
            "The warehouse has no accounts yet (marts.dim_accounts is not there). Make them with"
            " `abm run --as-of D --input DIR --warehouse FILE`."
        )
    found = reader.rows(
        "select distinct account_id, account_name from marts.dim_accounts where account_id = $text"
        f"{_ALIASES if reader.has('identity.account_aliases') else ''}"
        f"{_RECORDS if reader.has('marts.dim_account_records') else ''}"
        " or (length($text) >= 2 and contains(lower(account_name), lower($text)))"
        " order by account_id = $text desc, account_name, account_id limit 11",
        text=account,
    )
    if found and found[0]["account_id"] == account:
        found = found[:1]
    if not found:
        raise UsageError(
            f"{account!r}: no account has this id, CRM id or name. `abm queue` lists accounts with their ids."
        )
    if len(found) > 1:
        listed = "\n".join(f"  {row['account_id']}  {row['account_name']}" for row in found[:10])
        raise UsageError(f"{account!r} fits several accounts; give one of these ids:\n{listed}")
    account_id = found[0]["account_id"]

    def of(sql: str) -> Rows:
        return reader.rows(sql, account_id=account_id)

    sections: dict[str, Any] = {
        "account": of("select * from marts.dim_accounts where account_id = $account_id")[0],
        "records": of(
            "select records.record_id, company.company_name, company.domain, records.is_primary, members.match_rule,"
            " members.matched_record_id, members.confidence, members.as_of_date as joined_on"
            " from marts.dim_account_records as records"
            " left join identity.company_records as company on records.record_id = company.record_id"
            " left join identity.account_members as members on records.record_id = members.record_id"
            " where records.account_id = $account_id order by records.is_primary desc, records.record_id"
        ),
        "why_one_account": of(
            "select members.record_id, members.matched_record_id as is_one_with, joins.evidence"
            " from marts.dim_account_records as records"
            " inner join identity.account_members as members on records.record_id = members.record_id"
            " inner join identity.match_candidates as joins on joins.decision = 'same' and joins.rule = members.match_rule"
            " and joins.left_record_id = least(members.record_id, members.matched_record_id)"
            " and joins.right_record_id = greatest(members.record_id, members.matched_record_id)"
            " where records.account_id = $account_id order by members.record_id"
        ),
        "golden_record": of(
            "select golden.attribute, golden.attribute_value as value, golden.provider, golden.as_of_date,"
            " golden.provider_rule as rule, golden.chosen_by, golden.disagreeing_provider_count as disagree,"
            " (select string_agg(other.attribute_value || ' (' || replace(other.providers, '|', ', ') || ')', '; '"
            " order by other.value_rank) from marts.account_attribute_values as other where other.value_rank > 1"
            " and other.account_id = golden.account_id and other.attribute = golden.attribute) as other_values"
            " from marts.account_attributes as golden where golden.account_id = $account_id order by golden.attribute"
        ),
        "sites": of(
            "select site_name, address, postal_code, record_count, headquarters_rule from identity.account_sites"
            " where account_id = $account_id order by is_headquarters desc, record_count desc, site_key limit 20"
        ),
        "family": of(_FAMILY),
        "ownership": of(
            "select facts.kind, facts.valid_from_date, facts.valid_to_date, coalesce(parents.account_name,"
            " facts.parent_record_id) as parent, facts.outcome from identity.ownership_outcomes as facts"
            " left join marts.dim_accounts as parents on facts.parent_account_id = parents.account_id"
            " where facts.account_id = $account_id order by facts.valid_from_date desc nulls last, parent, facts.kind"
        ),
        "family_values": of(
            "select metric, level, account_count, own_value, sum_of_accounts, double_counted, deduplicated_value"
            " from marts.account_rollups where family_account_count > 1 and ultimate_parent_account_id ="
            " (select ultimate_parent_account_id from marts.dim_accounts where account_id = $account_id) order by metric"
        ),
        "attachments": of(
            "select 'contact' as kind, attribution_reason, confidence, count(*) as attached, count(other_account_id) as"
            " conflicts from marts.contact_accounts where account_id = $account_id group by all"
            " union all select 'domain', attribution_reason, confidence, count(*), 0 from identity.account_domains"
            " where account_id = $account_id group by all"
            " union all select 'workspace', attribution_reason, confidence, count(*), count(other_account_id)"
            " from marts.workspace_accounts where account_id = $account_id group by all"
            " union all select 'visitor', attribution_reason, confidence, count(*), 0 from marts.visitor_accounts"
            " where account_id = $account_id group by all order by all"
        ),
        "identity_history": of(
            "select as_of_date, event, account_id, other_account_id, record_id, note from identity.account_id_history"
            " where account_id = $account_id or other_account_id = $account_id order by as_of_date, event_id"
        ),
        "scores": of(
            "select composite.as_of_date, composite.composite_score, fit.fit_points, intent.intent_score,"
            " engagement.engagement_score, tiers.tier, tiers.tier_reason"
            " from scoring.composite_scores as composite"
            " left join scoring.fit_scores as fit using (account_id, as_of_date)"
            " left join scoring.intent_scores as intent using (account_id, as_of_date)"
            " left join scoring.engagement_scores as engagement using (account_id, as_of_date)"
            " left join scoring.tiers as tiers using (account_id, as_of_date)"
            " where composite.account_id = $account_id order by composite.as_of_date desc limit 14"
        ),
        "target_list": of(
            "select as_of_date, action, reason_code, detail, approved_by, composite_score, fit_points, score_method"
            " from scoring.target_list_changes where account_id = $account_id order by as_of_date desc limit 8"
        ),
        "stages": of(
            "select stage, reason, entered_date, left_date from activation.account_stage_history"
            " where account_id = $account_id order by entered_date desc limit 12"
        ),
        "reasons": of(
            "select score, rank, reason, points, text_en, text_ja from scoring.score_reasons"
            " where account_id = $account_id and as_of_date = (select max(as_of_date) from scoring.score_reasons"
            " where account_id = $account_id) order by score, rank"
        ),
        "committee": of("select * from activation.committee_coverage where account_id = $account_id"),
        "touches": of(
            "select touch_type, count(*) as touches, count(distinct person_key) as persons, max(activity_date) as last_on"
            " from marts.fct_touches where account_id = $account_id and not is_bot"
            " and activity_date > (select max(activity_date) from marts.fct_touches) - 90"
            " group by touch_type order by touches desc, touch_type"
        ),
        "queue": of(
            "select queue_rank, role, play, reason_en, due_date from activation.sdr_queue where account_id = $account_id"
        ),
        "sent": of(
            "select object as object_name, record_key, field, old_value, new_value, state from delivery.latest_delivery_fields"
            " where record_key in (select source_id from marts.dim_account_records where account_id = $account_id)"
            " order by all"
        ),
    }
    sections |= read_evidence(reader, account_id)
    return sections | {"absent_tables": sorted(reader.absent)}


def print_explanation(explanation: dict[str, Any], as_json: bool, console: Console) -> None:
    """One table per kind of evidence."""
    if as_json:
        print_json(explanation)
        return
    account = explanation["account"]
    console.print(Text(f"{account['account_name']}  {account['account_id']}", style="bold"))
    facts = {
        name: value
        for name, value in account.items()
        if value is not None and name not in ("account_name", "account_id")
    }
    console.print(Text("  ".join(f"{name}={value}" for name, value in facts.items()), style="dim"))
    for title, rows in (explanation | _histories(explanation)).items():
        if title in _NOT_PRINTED or not rows:
            continue
        table = Table(title=title.replace("_", " "), box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
        for name in rows[0]:
            table.add_column(name.replace("_", " "), overflow="fold")
        for row in rows:
            table.add_row(*(Text(_cell(value)) for value in row.values()))
        console.print(table)
    if explanation["absent_tables"]:
        console.print(Text(f"Not in this warehouse: {', '.join(explanation['absent_tables'])}", style="dim"))


def _histories(explanation: dict[str, Any]) -> dict[str, Rows]:
    """What is too long to print row by row: scores by night, activity by week."""
    nights = explanation["score_history"]
    scores = []
    for name, column in SCORES.items():
        known = [row[column] for row in nights if row[column] is not None]
        if known:
            line = sparkline([row[column] for row in nights], 0, 100)
            scores.append({"score": name, "nights": line, "first": known[0], "last": known[-1], "known": len(known)})
    kinds: dict[tuple[str, str], list[tuple[date, int]]] = {}
    for section, label, number in (
        ("touch_days", "touch_type", "touches"),
        ("research_days", "topic", "persons"),
        ("sales_activities", "task_type", "activities"),
    ):
        for row in explanation[section]:
            kinds.setdefault((section, row[label]), []).append((row["activity_date"], row[number]))
    timeline: Rows = []
    for (section, label), days in kinds.items():
        weeks = weekly(days, explanation["night"], EVIDENCE_DAYS)
        timeline.append(
            {
                "evidence": section.replace("_days", "").replace("_", " "),
                "kind": label,
                f"weeks up to {explanation['night']}": sparkline(weeks, 0, max(weeks)),
                "total": sum(number for _, number in days),
                "last on": max(day for day, _ in days),
            }
        )
    return {"score_history": scores, "evidence_timeline": timeline}


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
