with

accounts as (

    select * from {{ ref('account_360') }}

),

tiers as (

    select * from {{ ref('account_tiers') }}

),

targeted_tiers as (

    select * from {{ ref('sla') }}
    where is_targeted

),

tier_history as (

    select * from {{ source('scoring', 'tiers') }}
    where as_of_date <= {{ as_of_date() }}

),

touches as (

    select * from {{ ref('fct_touches') }}
    where account_id is not null and not is_bot and not is_seller_caused

),

touch_days as (

    select * from {{ ref('fct_touch_days') }}

),

touch_types as (

    select * from {{ ref('touch_types') }}

),

sales_activities as (

    select * from {{ ref('fct_sales_activities') }}
    where is_human and is_completed and account_id is not null

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}
    where account_id is not null

),

-- On the list since it first entered a tier that is worked account by account.
targeted_accounts as (

    select
        tier_history.account_id,
        min(tier_history.tier_since_date) as targeted_date

    from tier_history

    inner join targeted_tiers
        on tier_history.tier = targeted_tiers.tier

    group by tier_history.account_id

),

first_touches as (

    select
        touches.account_id,
        min(touches.activity_date) as first_touch_date

    from touches

    inner join touch_types
        on touches.touch_type = touch_types.touch_type

    where touch_types.weight > 0

    group by touches.account_id

),

high_intent_days as (

    select distinct
        touch_days.account_id,
        touch_days.person_key,
        touch_days.activity_date

    from touch_days

    inner join touch_types
        on touch_days.touch_type = touch_types.touch_type

    where touch_types.is_high_intent

),

persons_by_day as (

    select
        later_days.account_id,
        later_days.activity_date,
        count(distinct earlier_days.person_key) as person_count

    from high_intent_days as later_days

    inner join high_intent_days as earlier_days
        on
            later_days.account_id = earlier_days.account_id
            and later_days.activity_date >= earlier_days.activity_date
            and {{ dbt.datediff('earlier_days.activity_date', 'later_days.activity_date', 'day') }}
            < {{ queue_parameter('mqa_window_days') }}

    group by later_days.account_id, later_days.activity_date

),

engaged_accounts as (

    select
        account_id,
        min(activity_date) as mqa_date

    from persons_by_day

    where person_count >= {{ queue_parameter('mqa_min_persons') }}

    group by account_id

),

-- Sales-accepted: the first conversation that a seller had, or the first opportunity, whichever is earlier.
accepted_dates as (

    select
        account_id,
        activity_date as accepted_date
    from sales_activities
    where is_connected or task_type = 'meeting'

    union all

    select
        account_id,
        created_date as accepted_date
    from opportunities

),

accepted_accounts as (

    select
        account_id,
        min(accepted_date) as sql_date

    from accepted_dates

    group by account_id

),

won_accounts as (

    select
        opportunities.account_id,
        accounts.first_won_date as won_date,
        sum(opportunities.amount_usd) as won_amount_usd

    from opportunities

    inner join accounts
        on
            opportunities.account_id = accounts.account_id
            and opportunities.closed_date = accounts.first_won_date

    where opportunities.is_won

    group by opportunities.account_id, accounts.first_won_date

),

funnel_accounts as (

    select
        accounts.account_id,
        tiers.tier,
        cast(won_accounts.won_amount_usd as decimal(18, 2)) as won_amount_usd,
        targeted_accounts.targeted_date,
        first_touches.first_touch_date,
        engaged_accounts.mqa_date,
        accepted_accounts.sql_date,
        accounts.first_sqo_date as sqo_date,
        won_accounts.won_date

    from accounts

    left join tiers
        on accounts.account_id = tiers.account_id

    left join targeted_accounts
        on accounts.account_id = targeted_accounts.account_id

    left join first_touches
        on accounts.account_id = first_touches.account_id

    left join engaged_accounts
        on accounts.account_id = engaged_accounts.account_id

    left join accepted_accounts
        on accounts.account_id = accepted_accounts.account_id

    left join won_accounts
        on accounts.account_id = won_accounts.account_id

)

select * from funnel_accounts
order by account_id
