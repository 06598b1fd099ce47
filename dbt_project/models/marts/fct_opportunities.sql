with

opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

stage_changes as (

    select * from {{ ref('stg_salesforce__opportunity_history') }}

),

stages as (

    select * from {{ ref('opportunity_stages') }}

),

account_records as (

    select * from {{ ref('dim_account_records') }}

),

stage_changes_ranked as (

    select
        stage_changes.opportunity_id,
        stage_changes.stage_name,
        stage_changes.amount_usd,
        stage_changes.changed_at,
        coalesce(stages.is_sqo, false) as is_sqo,
        coalesce(stages.is_closed, false) as is_closed,
        row_number() over (
            partition by stage_changes.opportunity_id
            order by
                stage_changes.changed_at desc,
                coalesce(stages.stage_order, -1) desc,
                stage_changes.opportunity_change_id desc
        ) as change_rank

    from stage_changes

    left join stages
        on stage_changes.stage_name = stages.stage_name

),

latest_stages as (

    select * from stage_changes_ranked
    where change_rank = 1

),

milestones as (

    select
        opportunity_id,
        min(case when is_sqo then cast(changed_at as date) end) as sqo_date,
        max(case when is_closed then cast(changed_at as date) end) as closed_date

    from stage_changes_ranked

    group by opportunity_id

),

-- The extract holds the newest version of an opportunity, which can be younger than the as-of date. The stage history
-- says what was known that day; without history the version counts unless it was changed, or closes, later.
states as (

    select
        opportunities.opportunity_id,
        opportunities.salesforce_account_id,
        opportunities.salesforce_owner_id,
        opportunities.opportunity_type,
        opportunities.lead_source,
        opportunities.is_closed as newest_is_closed,
        opportunities.is_won as newest_is_won,
        opportunities.stage_name as newest_stage_name,
        opportunities.close_date,
        opportunities.created_at,
        opportunities.last_modified_at < {{ as_of_end() }} as is_version_known,
        latest_stages.stage_name as history_stage_name,
        latest_stages.amount_usd as history_amount_usd,
        opportunities.amount_usd as newest_amount_usd,
        latest_stages.opportunity_id is not null as has_history

    from opportunities

    left join latest_stages
        on opportunities.opportunity_id = latest_stages.opportunity_id

),

states_as_of as (

    select
        *,
        case
            when has_history then history_stage_name
            when is_version_known then newest_stage_name
        end as stage_name,
        case
            when is_version_known then coalesce(newest_amount_usd, history_amount_usd)
            else history_amount_usd
        end as amount_usd

    from states

),

opportunities_as_of as (

    select
        states_as_of.opportunity_id,
        account_records.account_id,
        states_as_of.salesforce_owner_id,
        states_as_of.opportunity_type,
        states_as_of.lead_source,
        states_as_of.stage_name,
        cast(round(states_as_of.amount_usd, 2) as decimal(18, 2)) as amount_usd,
        case
            when states_as_of.stage_name is null then false
            when states_as_of.stage_name = states_as_of.newest_stage_name then states_as_of.newest_is_closed
            else coalesce(stages.is_closed, false)
        end as is_closed,
        case
            when states_as_of.stage_name is null then false
            when states_as_of.stage_name = states_as_of.newest_stage_name
                then states_as_of.newest_is_closed and states_as_of.newest_is_won
            else coalesce(stages.is_won, false)
        end as is_won,
        coalesce(stages.is_sqo, false) as is_stage_sqo,
        cast(states_as_of.created_at as date) as created_date,
        milestones.sqo_date as history_sqo_date,
        milestones.closed_date as history_closed_date,
        case when states_as_of.close_date <= {{ as_of_date() }} then states_as_of.close_date end as close_date

    from states_as_of

    left join stages
        on states_as_of.stage_name = stages.stage_name

    left join milestones
        on states_as_of.opportunity_id = milestones.opportunity_id

    left join account_records
        on 'salesforce:' || states_as_of.salesforce_account_id = account_records.record_id

)

select
    opportunity_id,
    account_id,
    salesforce_owner_id,
    opportunity_type,
    lead_source,
    stage_name,
    amount_usd,
    is_closed,
    is_won,
    created_date,
    coalesce(history_sqo_date, case when is_stage_sqo then created_date end) as sqo_date,
    case when is_closed then coalesce(close_date, history_closed_date, {{ as_of_date() }}) end as closed_date
from opportunities_as_of
order by opportunity_id
