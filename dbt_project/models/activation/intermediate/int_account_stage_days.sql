with

accounts as (

    select account_id from {{ ref('account_360') }}

),

stages as (

    select * from {{ ref('account_stages') }}

),

touch_types as (

    select * from {{ ref('touch_types') }}

),

touches as (

    select * from {{ ref('fct_touches') }}
    where account_id is not null and not is_bot and not is_seller_caused

),

touch_days as (

    select * from {{ ref('fct_touch_days') }}

),

sales_activities as (

    select * from {{ ref('fct_sales_activities') }}
    where is_human and is_completed and account_id is not null

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}
    where account_id is not null

),

-- Engagement is counted by person, the other stages by account.
fact_days as (

    select distinct
        touches.account_id,
        'Aware' as stage,
        'touch' as reason,
        '' as person_key,
        touches.activity_date

    from touches

    inner join touch_types
        on touches.touch_type = touch_types.touch_type

    where touch_types.weight > 0

    union all

    select distinct
        touch_days.account_id,
        'Engaged' as stage,
        'high_intent_persons' as reason,
        touch_days.person_key,
        touch_days.activity_date

    from touch_days

    inner join touch_types
        on touch_days.touch_type = touch_types.touch_type

    where touch_types.is_high_intent

    union all

    select distinct
        account_id,
        'SQL' as stage,
        'two_way_contact' as reason,
        '' as person_key,
        activity_date

    from sales_activities

    where is_connected or task_type = 'meeting'

    union all

    select distinct
        account_id,
        'SQL' as stage,
        'opportunity_created' as reason,
        '' as person_key,
        created_date as activity_date

    from opportunities

),

known_days as (

    select
        fact_days.*,
        stages.window_days

    from fact_days

    inner join accounts
        on fact_days.account_id = accounts.account_id

    inner join stages
        on fact_days.stage = stages.stage

    where fact_days.activity_date <= {{ as_of_date() }}

),

days_with_previous as (

    select
        *,
        lag(activity_date) over (
            partition by account_id, stage, reason, person_key
            order by activity_date
        ) as previous_date

    from known_days

),

-- A day that comes within the window of the one before continues its span.
numbered_days as (

    select
        *,
        sum(
            case
                when previous_date is null then 1
                when {{ dbt.datediff('previous_date', 'activity_date', 'day') }} > window_days then 1
                else 0
            end
        ) over (
            partition by account_id, stage, reason, person_key
            order by activity_date
            rows between unbounded preceding and current row
        ) as span_number

    from days_with_previous

),

spans as (

    select
        account_id,
        stage,
        reason,
        person_key,
        min(activity_date) as start_date,
        case
            when min(window_days) is not null
                then cast({{ dbt.dateadd('day', 'min(window_days)', 'max(activity_date)') }} as date)
        end as end_date

    from numbered_days

    group by account_id, stage, reason, person_key, span_number

)

select * from spans
order by account_id, stage, reason, person_key, start_date
