"""A hand-made warehouse of one account: only the tables that the page of an account reads, with a few rows each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from scoring.results import COLUMNS

ACCOUNT = "acc_0000000000000001"
NIGHT = date(2026, 10, 31)
NIGHTS = (NIGHT - timedelta(days=14), NIGHT - timedelta(days=7), NIGHT)
HOSTILE = "<script>alert('x')</script> & \"株式会社\" =cmd|' /C calc'!A0 🦊\u202e"
PERSON = "hanako.mihon@person.example"

TABLES: Mapping[str, str] = {
    "marts.dim_accounts": "account_id varchar, account_name varchar, salesforce_account_id varchar, primary_domain varchar,"
    " country_code varchar, industry varchar, industry_group varchar, parent_account_id varchar,"
    " ultimate_parent_account_id varchar, employees_count bigint, is_customer boolean, is_in_crm boolean",
    "marts.dim_account_records": "record_id varchar, account_id varchar, source_id varchar, is_primary boolean",
    "identity.company_records": "record_id varchar, company_name varchar, domain varchar",
    "identity.account_members": "record_id varchar, match_rule varchar, matched_record_id varchar, confidence double,"
    " as_of_date date",
    "identity.match_candidates": "left_record_id varchar, right_record_id varchar, decision varchar, rule varchar,"
    " evidence varchar",
    "marts.fct_touch_days": "account_id varchar, person_key varchar, role varchar, touch_type varchar, activity_date date,"
    " touch_count bigint",
    "marts.fct_touches": "touch_id varchar, account_id varchar, contact_id varchar, person_key varchar, touch_type varchar,"
    " is_seller_caused boolean, is_bot boolean, activity_date date",
    "rules.touch_types": "touch_type varchar, weight double, is_high_intent boolean, label_en varchar, label_ja varchar",
    "marts.fct_intent_days": "account_id varchar, topic varchar, activity_date date, person_count bigint, event_count bigint",
    "rules.intent_topics": "topic varchar, keyword_group varchar",
    "marts.fct_sales_activities": "account_id varchar, task_type varchar, is_human boolean, is_completed boolean,"
    " is_connected boolean, activity_date date",
    "marts.fct_opportunities": "opportunity_id varchar, account_id varchar, opportunity_type varchar, stage_name varchar,"
    " amount_usd decimal(18, 2), is_closed boolean, is_won boolean, created_date date, sqo_date date, closed_date date",
    "staging.stg_salesforce__opportunity_history": "opportunity_change_id varchar, opportunity_id varchar,"
    " stage_name varchar, changed_at timestamp",
    "activation.committee_coverage": "account_id varchar, required_roles varchar, covered_roles varchar,"
    " reached_roles varchar, engaged_roles varchar, reached_role_count bigint, engaged_role_count bigint",
    "rules.role_weights": "role varchar, weight double, label_en varchar, label_ja varchar",
    "marts.dim_contacts": "contact_id varchar, account_id varchar, email varchar, last_name varchar, role varchar,"
    " seniority varchar",
    "activation.permitted_contacts": "contact_id varchar, purpose varchar, is_reachable boolean",
    "delivery.ledger_fields": "as_of_date date, object varchar, record_key varchar, field varchar, old_value varchar,"
    " new_value varchar, state varchar, message varchar, reason varchar",
    **{
        f"scoring.{name}": ", ".join(f"{column} {kind}" for column, kind in columns.items())
        for name, columns in COLUMNS.items()
    },
}


def rows(nights: Sequence[date] = NIGHTS, name: str = HOSTILE, country: str = "JP") -> dict[str, list[dict[str, Any]]]:
    """Rows by table: an account that rose a tier, whose intent is unknown until the last night."""
    day = NIGHT - timedelta(days=3)
    found: dict[str, list[dict[str, Any]]] = {
        "marts.dim_accounts": [
            {
                "account_id": ACCOUNT,
                "account_name": name,
                "salesforce_account_id": "001000000000001AAA",
                "primary_domain": "a.example",
                "country_code": country,
                "industry": "電気機器",
                "industry_group": "manufacturing",
                "ultimate_parent_account_id": ACCOUNT,
                "is_in_crm": True,
            }
        ],
        "marts.dim_account_records": [
            {"record_id": "salesforce:1", "account_id": ACCOUNT, "source_id": "001000000000001AAA", "is_primary": True},
            {"record_id": "product:w", "account_id": ACCOUNT, "source_id": "w", "is_primary": False},
        ],
        "identity.company_records": [
            {"record_id": "salesforce:1", "company_name": name, "domain": "a.example"},
            {"record_id": "product:w", "company_name": "A", "domain": "a.example"},
        ],
        "identity.account_members": [
            {"record_id": "salesforce:1", "match_rule": "first_record", "confidence": 1.0, "as_of_date": nights[0]},
            {
                "record_id": "product:w",
                "match_rule": "domain",
                "matched_record_id": "salesforce:1",
                "confidence": 0.97,
                "as_of_date": nights[0],
            },
        ],
        "identity.match_candidates": [
            {
                "left_record_id": "product:w",
                "right_record_id": "salesforce:1",
                "decision": "same",
                "rule": "domain",
                "evidence": "domain a.example +4.6; country JP +0.7",
            }
        ],
        "marts.fct_touch_days": [
            {"person_key": PERSON, "role": "DM", "touch_type": "pricing_page", "activity_date": day, "touch_count": 2},
            {"person_key": "con_2", "role": "TE", "touch_type": "pricing_page", "activity_date": day, "touch_count": 1},
            {"person_key": "con_2", "role": "TE", "touch_type": "own_kind", "activity_date": day, "touch_count": 1},
        ],
        "marts.fct_touches": [
            *({"contact_id": PERSON, "is_bot": False, "is_seller_caused": False} for _ in range(2)),
            *({"contact_id": "con_2", "is_bot": False, "is_seller_caused": False} for _ in range(2)),
            *({"contact_id": "con_unwilling", "is_bot": False, "is_seller_caused": False} for _ in range(5)),
            *({"contact_id": None, "is_bot": False, "is_seller_caused": False} for _ in range(7)),
            {"contact_id": None, "is_bot": True, "is_seller_caused": False},
            *({"account_id": None, "is_bot": False, "is_seller_caused": False} for _ in range(11)),
        ],
        "rules.touch_types": [
            {
                "touch_type": "pricing_page",
                "weight": 4.0,
                "label_en": "pricing page view",
                "label_ja": "料金ページの閲覧",
            }
        ],
        "marts.fct_intent_days": [{"topic": "siem", "activity_date": day, "person_count": 1, "event_count": 3}],
        "rules.intent_topics": [{"topic": "siem", "keyword_group": "core"}],
        "marts.fct_sales_activities": [
            {"task_type": "call", "is_human": True, "is_completed": True, "is_connected": False, "activity_date": day},
            {"task_type": "fax", "is_human": True, "is_completed": True, "activity_date": day},
            {"task_type": "call", "is_human": True, "is_completed": False, "activity_date": NIGHT + timedelta(days=9)},
        ],
        "marts.fct_opportunities": [
            {
                "opportunity_id": "006_1",
                "opportunity_type": "New Business",
                "stage_name": "Evaluation",
                "is_closed": False,
                "is_won": False,
                "created_date": NIGHT - timedelta(days=60),
            }
        ],
        "staging.stg_salesforce__opportunity_history": [
            {
                "opportunity_change_id": str(at),
                "opportunity_id": "006_1",
                "stage_name": stage,
                "changed_at": NIGHT - timedelta(days=age),
            }
            for at, (stage, age) in enumerate(
                (("Prospecting", 60), ("Prospecting", 50), ("Evaluation", 20), ("Won", -4))
            )
        ],
        "activation.committee_coverage": [
            {"required_roles": "DM|TE|USER", "covered_roles": "DM|TE", "reached_roles": "TE", "engaged_roles": "TE"}
        ],
        "rules.role_weights": [
            {"role": "DM", "weight": 1.5, "label_en": "functional decision maker", "label_ja": "部門責任者"},
            {"role": "TE", "weight": 1.2, "label_en": "technical evaluator", "label_ja": "技術評価者"},
            {"role": "USER", "weight": 0.7, "label_en": "user", "label_ja": "利用者"},
        ],
        "marts.dim_contacts": [
            {"contact_id": PERSON, "email": PERSON, "last_name": "見本花子", "role": "DM", "seniority": "DIR"},
            {
                "contact_id": "con_2",
                "email": "taro@person.example",
                "last_name": "見本太郎",
                "role": "TE",
                "seniority": None,
            },
        ],
        "activation.permitted_contacts": [
            {"contact_id": PERSON, "purpose": "sales_outreach", "is_reachable": True},
            {"contact_id": PERSON, "purpose": "sales_outreach", "is_reachable": True},
        ],
        "delivery.ledger_fields": [
            {
                "as_of_date": nights[-1],
                "object": "Account",
                "record_key": "001000000000001AAA",
                "field": field,
                "old_value": old,
                "new_value": new,
                "state": state,
                "reason": reason,
            }
            for field, old, new, state, reason in (
                ("ABM_Tier__c", "Tier 2", "Tier 1", "sent", None),
                ("ABM_Score__c", None, "63.37", "sent", None),
                ("ABM_Next_Best_Action__c", "見本花子に電話する", "新しいシグナルを待つ。", "conflict", "edited"),
                ("ABM_Fit_Score__c", "70", "70", "unchanged", None),
            )
        ],
    }
    for table in ("fct_touch_days", "fct_intent_days", "fct_sales_activities", "fct_opportunities", "dim_contacts"):
        for row in found[f"marts.{table}"]:
            row["account_id"] = ACCOUNT
    for at, row in enumerate(found["marts.fct_touches"]):
        row |= {"touch_id": str(at), "touch_type": "pricing_page", "activity_date": day}
        row.setdefault("account_id", ACCOUNT)
    found["activation.committee_coverage"][0]["account_id"] = ACCOUNT
    return found | scores(nights)


def scores(nights: Sequence[date]) -> dict[str, list[dict[str, Any]]]:
    """Rows of schema `scoring`: intent is known on the last night only, and not at all when there is but one."""
    found: dict[str, list[dict[str, Any]]] = {f"scoring.{name}": [] for name in COLUMNS}
    for at, night in enumerate(nights):
        key = {"account_id": ACCOUNT, "as_of_date": night, "method": "rules"}
        knows_intent = at == len(nights) - 1 and at > 0
        missing = None if knows_intent else "not trackable: no company domain of its own"
        found["scoring.fit_scores"].append({**key, "fit_points": 70.04, "fit_share": 0.8})
        found["scoring.intent_scores"].append(
            {
                **key,
                "intent_score": 18.08 if knows_intent else None,
                "missing_reason": missing,
                "is_low_confidence": True,
            }
        )
        found["scoring.engagement_scores"].append({**key, "engagement_score": 40.0 + at})
        found["scoring.composite_scores"].append(
            {
                **key,
                "composite_score": 60.37 + at,
                "fit_reference_share": 0.83,
                "intent_reference_share": 0.5 if knows_intent else None,
                "engagement_reference_share": 0.7,
            }
        )
        tier = "Tier 1" if at else "Tier 2"
        found["scoring.tiers"].append(
            {
                "account_id": ACCOUNT,
                "tier": tier,
                "previous_tier": "Tier 2" if at else None,
                "tier_rank": 3,
                "tier_since_date": nights[min(at, 1)],
                "tier_reason": "entered: rank 3 is within 50 slots"
                if at
                else "first assignment: rank 60 is within 150 slots",
                "is_locked": False,
                "as_of_date": night,
            }
        )
        composite = 60.37 + at
        for score, reasons in {
            "composite": (
                ("base", 50.0, "Start", "出発点"),
                ("fit", composite - 50, "Fit: percentile 83", "適合度：83"),
            ),
            "fit": (
                ("base", 50.0, "Average account", "平均的な企業"),
                ("fit:size", 33.33, HOSTILE, HOSTILE),
                ("fit:country", -13.29, "Country without a sales team", "営業体制のない国"),
                ("missing:revenue", 0.0, "Unknown: revenue", "不明：売上高"),
            ),
            "intent": (("topic:siem", 18.08, "Researched 'siem'", "「siem」を調査"),)
            if knows_intent
            else (("missing", 0.0, "Research cannot be recognised", "調査を把握できない"),),
            "engagement": (("touch:pricing_page", 40.0 + at, "Pricing page view", "料金ページの閲覧"),),
        }.items():
            found["scoring.score_reasons"] += [
                {
                    "account_id": ACCOUNT,
                    "score": score,
                    "rank": rank,
                    "reason": reason,
                    "points": points,
                    "text_en": english,
                    "text_ja": japanese,
                    "as_of_date": night,
                }
                for rank, (reason, points, english, japanese) in enumerate(reasons, start=1)
            ]
    return found


def write_warehouse(path: Path, filled: Mapping[str, list[dict[str, Any]]], without: Sequence[str] = ()) -> None:
    """A DuckDB file with these rows in TABLES, except those that are to be absent."""
    with duckdb.connect(str(path)) as connection:
        for table, columns in TABLES.items():
            if table in without:
                continue
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            connection.execute(f"create table {table} ({columns})")
            for row in filled.get(table, []):
                names = ", ".join(row)
                marks = ", ".join("?" for _ in row)
                connection.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))
