"""How one account came to where it stands: its nights, its activity by day, its committee, what the CRM was told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from orchestration.rows import Rows, TableReader

EVIDENCE_DAYS = 180
HISTORY_NIGHTS = 400
SENT_ROWS = 60
# Names of the four scores and the columns that hold them, in reading order.
SCORES: Final = {
    "composite": "composite_score",
    "fit": "fit_points",
    "intent": "intent_score",
    "engagement": "engagement_score",
}

_NIGHTS = (
    "select composite.as_of_date, composite.composite_score, fit.fit_points, intent.intent_score,"
    " engagement.engagement_score, composite.fit_reference_share, composite.intent_reference_share,"
    " composite.engagement_reference_share, composite.method as composite_method, fit.method as fit_method,"
    " intent.method as intent_method, engagement.method as engagement_method, fit.fit_probability,"
    " fit.missing_reason as fit_missing_reason, intent.missing_reason as intent_missing_reason,"
    " engagement.missing_reason as engagement_missing_reason, intent.is_low_confidence, intent.surge_ratio,"
    " intent.person_count_28d, intent.top_topics, tiers.tier, tiers.previous_tier, tiers.tier_rank,"
    " tiers.tier_since_date, tiers.evaluated_on_date, tiers.tier_reason, tiers.is_locked"
    " from scoring.composite_scores as composite"
    " left join scoring.fit_scores as fit using (account_id, as_of_date)"
    " left join scoring.intent_scores as intent using (account_id, as_of_date)"
    " left join scoring.engagement_scores as engagement using (account_id, as_of_date)"
    " left join scoring.tiers as tiers using (account_id, as_of_date)"
    " where composite.account_id = $account_id order by composite.as_of_date desc limit $most_nights"
)
_TIER_HISTORY = (
    "select as_of_date, tier, came_from, tier_rank, tier_reason, is_locked from ("
    " select *, lag(tier) over (order by as_of_date) as came_from from scoring.tiers where account_id = $account_id)"
    " where came_from is distinct from tier order by as_of_date desc"
)
_TOUCH_DAYS = (
    "select days.activity_date, days.touch_type, kinds.label_en, kinds.label_ja, kinds.weight, kinds.is_high_intent,"
    " cast(sum(days.touch_count) as bigint) as touches, count(distinct days.person_key) as persons"
    " from marts.fct_touch_days as days left join rules.touch_types as kinds on days.touch_type = kinds.touch_type"
    " where days.account_id = $account_id and days.activity_date between $first_day and $night"
    " group by all order by days.activity_date, days.touch_type"
)
_RESEARCH_DAYS = (
    "select days.activity_date, days.topic, topics.keyword_group, days.person_count as persons, days.event_count as events"
    " from marts.fct_intent_days as days left join rules.intent_topics as topics on days.topic = topics.topic"
    " where days.account_id = $account_id and days.activity_date between $first_day and $night"
    " order by days.activity_date, days.topic"
)
_SALES_ACTIVITIES = (
    "select activity_date, coalesce(task_type, 'other') as task_type, is_human, is_completed, is_connected,"
    " count(*) as activities from marts.fct_sales_activities"
    " where account_id = $account_id and activity_date between $first_day and $night"
    " group by all order by activity_date, task_type, is_human, is_completed, is_connected"
)
_OPPORTUNITIES = (
    "select opportunity_id, opportunity_type, stage_name, amount_usd, is_closed, is_won, created_date, sqo_date, closed_date"
    " from marts.fct_opportunities where account_id = $account_id order by created_date desc, opportunity_id"
)
_OPPORTUNITY_STAGES = (
    "select opportunity_id, changed_date, stage_name from ("
    " select changes.opportunity_id, changes.stage_name, cast(changes.changed_at as date) as changed_date,"
    " lag(changes.stage_name) over (partition by changes.opportunity_id"
    " order by changes.changed_at, changes.opportunity_change_id) as came_from"
    " from staging.stg_salesforce__opportunity_history as changes"
    " inner join marts.fct_opportunities as deals on changes.opportunity_id = deals.opportunity_id"
    " where deals.account_id = $account_id and cast(changes.changed_at as date) <= $night)"
    " where came_from is distinct from stage_name order by changed_date, opportunity_id, stage_name"
)
# Who did not agree to be profiled is counted by subtraction, so that only fct_touch_days says who did.
_NOT_SHOWN = (
    "select count(*) filter (where is_own and not is_bot and not is_seller_caused and contact_id is not null)"
    " - (select coalesce(sum(touch_count), 0) from marts.fct_touch_days"
    " where account_id = $account_id and activity_date between $first_day and $night) as without_consent,"
    " count(*) filter (where is_own and not is_bot and not is_seller_caused and contact_id is null) as anonymous,"
    " count(*) filter (where is_own and not is_bot and is_seller_caused) as seller_caused,"
    " count(*) filter (where is_own and is_bot) as machines,"
    " count(*) filter (where account_id is null and not is_bot) as unattributed_of_all_companies"
    " from (select *, coalesce(account_id = $account_id, false) as is_own from marts.fct_touches"
    " where activity_date between $first_day and $night)"
)
_PERSONS = (
    "select contacts.role, labels.label_en, labels.label_ja, contacts.seniority, count(*) as persons,"
    " count(permitted.contact_id) as may_be_contacted, count(active.person_key) as active"
    " from marts.dim_contacts as contacts"
    " left join rules.role_weights as labels on contacts.role = labels.role"
    " left join (select distinct contact_id from activation.permitted_contacts"
    " where purpose = 'sales_outreach' and is_reachable) as permitted on contacts.contact_id = permitted.contact_id"
    " left join (select distinct person_key from marts.fct_touch_days"
    " where account_id = $account_id and activity_date between $first_day and $night) as active"
    " on contacts.contact_id = active.person_key where contacts.account_id = $account_id"
    " group by contacts.role, labels.label_en, labels.label_ja, contacts.seniority, labels.weight"
    " order by labels.weight desc nulls last, contacts.role, contacts.seniority"
)
# Values of a field that somebody edited in the CRM are that person's words and stay there.
_SENT_HISTORY = (
    "select as_of_date, field, case when state <> 'conflict' then old_value end as old_value, new_value, state,"
    " coalesce(message, case when state <> 'sent' then reason end) as reason from delivery.ledger_fields"
    " where object = 'Account' and state <> 'unchanged' and record_key in"
    " (select source_id from marts.dim_account_records where account_id = $account_id)"
    " order by as_of_date desc, field, record_key limit $most_rows"
)


def read_evidence(reader: TableReader, account_id: str) -> dict[str, Any]:
    """What stands behind one account, by section; companies and roles, never persons.

    Returns
    -------
    night : last scored night of the warehouse; null before the first
    standing : the account's last scored night, 0 or 1 row
    score_history : its nights, oldest first, at most HISTORY_NIGHTS
    tier_history : nights that changed the tier, newest first
    stage, target_list : rows of activation.account_stages and activation.target_list; none while those are not there
    touch_days, research_days, sales_activities : the last EVIDENCE_DAYS days up to the night, by day and kind
    opportunities, opportunity_stages : as of the night
    not_shown : counts of activity of the same days that touch_days leaves out, by cause
    committee_roles, committee_persons : required roles with what is known; persons by role and seniority
    sent_history : what the CRM was told about the account, newest first, at most SENT_ROWS
    """
    night = _night(reader)

    def of(sql: str) -> Rows:
        return reader.rows(
            sql,
            account_id=account_id,
            night=night,
            first_day=night - timedelta(days=EVIDENCE_DAYS - 1) if night else None,
            most_nights=HISTORY_NIGHTS,
            most_rows=SENT_ROWS,
        )

    nights = of(_NIGHTS)
    return {
        "night": night,
        "standing": nights[:1],
        "score_history": [
            {name: row[name] for name in ("as_of_date", *SCORES.values(), "tier")} for row in reversed(nights)
        ],
        "tier_history": of(_TIER_HISTORY),
        "stage": of("select * from activation.account_stages where account_id = $account_id"),
        "target_list": with_reason(
            of("select * from activation.target_list where account_id = $account_id"),
            of("select reason_code, label_en, label_ja from rules.target_list_reasons"),
        ),
        "touch_days": of(_TOUCH_DAYS),
        "research_days": of(_RESEARCH_DAYS),
        "sales_activities": of(_SALES_ACTIVITIES),
        "opportunities": of(_OPPORTUNITIES),
        "opportunity_stages": of(_OPPORTUNITY_STAGES),
        "not_shown": of(_NOT_SHOWN),
        "committee_roles": required_roles(
            of("select * from activation.committee_coverage where account_id = $account_id"),
            of("select role, label_en, label_ja from rules.role_weights"),
            of("select * from activation.int_committee_role_states where account_id = $account_id"),
        ),
        "committee_persons": of(_PERSONS),
        "sent_history": of(_SENT_HISTORY),
    }


def required_roles(coverage: Rows, labels: Rows, states: Rows) -> Rows:
    """The roles that the account's tier requires, heaviest first, and how far each one is.

    Parameters
    ----------
    coverage : row of activation.committee_coverage, if there is one
    labels : role, label_en, label_ja
    states : role, is_reached, is_engaged; asked where `coverage` does not name the roles that it counts as reached and engaged

    Returns
    -------
    role, label_en, label_ja, is_covered, is_reached, is_engaged; the last two null where the warehouse does not say it by role.
    """
    if not coverage:
        return []
    row = coverage[0]
    words = {label["role"]: label for label in labels}
    by_role = {state["role"]: state for state in states}

    def mark(name: str, role: str) -> bool | None:
        if f"{name}_roles" in row:
            return role in (row[f"{name}_roles"] or "").split("|")
        return bool(by_role.get(role, {}).get(f"is_{name}", False)) if states else None

    return [
        {
            "role": role,
            "label_en": words.get(role, {}).get("label_en"),
            "label_ja": words.get(role, {}).get("label_ja"),
            "is_covered": mark("covered", role),
            "is_reached": mark("reached", role),
            "is_engaged": mark("engaged", role),
        }
        for role in (row["required_roles"] or "").split("|")
        if role
    ]


def with_reason(members: Rows, reasons: Rows) -> Rows:
    """Rows of the target list with the words of their reason code, where both are known."""
    words = {reason["reason_code"]: reason for reason in reasons}
    return [
        row
        | {
            name: words.get(row.get("reason_code"), {}).get(label)
            for name, label in (("reason_en", "label_en"), ("reason_ja", "label_ja"))
        }
        for row in members
    ]


def _night(reader: TableReader) -> date | None:
    for sql in (
        "select max(as_of_date) as night from scoring.composite_scores",
        "select max(as_of_date) as night from delivery.runs",
    ):
        for row in reader.rows(sql):
            if row["night"] is not None:
                night: date = row["night"]
                return night
    return None
