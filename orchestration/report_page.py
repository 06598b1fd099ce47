"""The report page of a night, beside the readers' copy of the warehouse."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from measurement.funnel import cohort_rates
from measurement.report import Report, Section, render_report
from orchestration.page_file import write_page
from orchestration.resources import published_path
from orchestration.summary import read_summary

FUNNEL_AGES_DAYS = (30, 90, 180)  # a month, a pilot, the horizon of the fit model


def report_path(warehouse: Path) -> Path:
    """Where the report page of a warehouse stands."""
    return published_path(warehouse).with_suffix(".report.html")


def write_report(connection: duckdb.DuckDBPyConnection, as_of: date, published: Path) -> Path:
    """Write the page of the night and return where it stands; a reader sees the old page or the new one, never half of one."""
    page = published.with_suffix(".report.html")
    write_page(page, render_report(read_report(connection, as_of)))
    return page


def read_report(connection: duckdb.DuckDBPyConnection, as_of: date) -> Report:
    """What the page shows, from the tables of the night; names of companies, never of persons."""
    summary = read_summary(connection, as_of)
    scores = connection.execute(
        "select 'fit' as score, fit_points as value from scoring.fit_scores where as_of_date = $as_of union all"
        " select 'intent', intent_score from scoring.intent_scores where as_of_date = $as_of union all"
        " select 'engagement', engagement_score from scoring.engagement_scores where as_of_date = $as_of union all"
        " select 'composite', composite_score from scoring.composite_scores where as_of_date = $as_of",
        {"as_of": as_of},
    ).df()
    curve = connection.execute(
        "select * exclude (as_of_date) from measurement.win_curve where as_of_date = ?", [as_of]
    ).df()
    accounts = connection.execute("select * from measurement.funnel_accounts order by account_id").df()
    rates = cohort_rates(accounts, FUNNEL_AGES_DAYS, as_of)
    rates = rates[rates["accounts"] > 0].round({"share": 3, "share_low": 3, "share_high": 3})
    written = sum(row["records"] for row in summary.delivery if row["state"] == "sent")
    return Report(
        title=as_of.isoformat(),
        facts=[
            (f"{summary.crm_accounts:,}", "CRM accounts"),
            (f"{summary.accounts:,}", "companies"),
            (f"{summary.crm_duplicates:,}", "duplicates"),
            (f"{sum(load['rows_rejected'] for load in summary.loads):,}", "rows rejected"),
            (f"{summary.queue_size:,}", "actions queued"),
            (f"{written:,}", "records written to the CRM"),
        ],
        sections=[
            Section("Tiers", "Moved: accounts that changed tier tonight.", summary.tiers),
            Section("Top of the queue", "Across all reps, by expected value in US dollars.", summary.queue),
            Section(
                "Written to the CRM", "Records by object, what was planned, and what became of it.", summary.delivery
            ),
            Section(
                "Funnel",
                "Share of targeted accounts that reached a stage within an age; accounts younger than the age are left out,"
                " so a new installation has none yet. 90% intervals.",
                [{str(name): value for name, value in row.items()} for row in rates.to_dict("records")],
            ),
            Section(
                "Rows in",
                "Every row of every file is kept or rejected; rejected ones stand in raw.rejected with file, line and reason.",
                summary.loads,
            ),
            Section(
                "Rejected rows", "By table, column and reason, with one place to look.", summary.rejected_by_reason
            ),
        ],
        scores=scores,
        win_curve=curve,
    )
