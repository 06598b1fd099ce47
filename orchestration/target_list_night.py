"""The target list of one night in the warehouse; a night that is run again replaces its own rows."""

from __future__ import annotations

from datetime import date

import duckdb
import pandas as pd

from orchestration.score_night import append, create_score_tables
from scoring.target_list import ListRuleTables, TargetList, decide
from scoring.target_list_accounts import ListFacts

LIST_RULES = ("target_list_rules", "target_list_reasons", "target_list_exceptions", "crm_account_types")
LIST_SCORES = ("fit_scores", "intent_scores", "engagement_scores", "composite_scores")
# The date by which a night's own rows are known.
_DATES = {"target_list": "as_of_date", "target_list_changes": "as_of_date", "target_list_quarters": "set_on_date"}
# Any name that people may use for an account in an exception; ids that were merged away lead to their survivor.
_REFERENCES = """
    with reference_names as (
        select account_id as reference, account_id from identity.account_members
        union all select alias_account_id, account_id from identity.account_aliases
        union all select substr(record_id, 12), account_id from identity.account_members where source = 'salesforce'
        union all select registrable_domain, account_id from identity.account_domains
    )
    select distinct reference_names.reference, coalesce(aliases.account_id, reference_names.account_id) as account_id
    from reference_names
    left join identity.account_aliases as aliases on reference_names.account_id = aliases.alias_account_id
    where reference_names.reference in (
        select trim(account) from rules.target_list_exceptions
        union all select lower(trim(account)) from rules.target_list_exceptions
    )
"""


def decide_night(connection: duckdb.DuckDBPyConnection, as_of: date) -> TargetList:
    """Read what the list needs, decide, and write the rows of the night."""

    def read(sql: str, *parameters: object) -> pd.DataFrame:
        return connection.execute(sql, list(parameters) or None).df()

    create_score_tables(connection)
    decided = decide(
        ListFacts(
            account_360=read("select account_id, crm_type, is_customer from marts.account_360"),
            **{name: read(f"select * from scoring.{name} where as_of_date = ?", as_of) for name in LIST_SCORES},
            fct_touch_days=read("select account_id, touch_type, activity_date from marts.fct_touch_days"),
            touch_types=read("select touch_type, is_high_intent from rules.touch_types"),
            fct_sales_activities=read("select * from marts.fct_sales_activities where account_id is not null"),
            held_accounts=read("select account_id from activation.int_held_accounts"),
            account_aliases=read("select alias_account_id, account_id, as_of_date from identity.account_aliases"),
            account_references=read(_REFERENCES),
        ),
        ListRuleTables(**{name: read(f"select * from rules.{name}") for name in LIST_RULES}),
        as_of,
        read("select * from scoring.target_list_changes where as_of_date < ?", as_of),
        read("select * from scoring.target_list_quarters where set_on_date < ?", as_of),
    )
    connection.execute("begin transaction")
    for name, rows in tables_of(decided).items():
        connection.execute(f"delete from scoring.{name} where {_DATES[name]} = ?", [as_of])
        append(connection, name, rows)
    connection.execute("commit")
    return decided


def tables_of(decided: TargetList) -> dict[str, pd.DataFrame]:
    """Table of schema `scoring` -> rows of the night."""
    return {
        "target_list": decided.members,
        "target_list_changes": decided.changes,
        "target_list_quarters": decided.quarter,
    }
