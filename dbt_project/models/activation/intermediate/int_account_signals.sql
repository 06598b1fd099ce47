with

touch_days as (

    select * from {{ ref('fct_touch_days') }}

),

touch_types as (

    select * from {{ ref('touch_types') }}

),

intent_days as (

    select * from {{ ref('fct_intent_days') }}

),

sales_activities as (

    select * from {{ ref('fct_sales_activities') }}
    where is_human and is_completed and account_id is not null

),

signals as (

    select
        touch_days.account_id,
        touch_days.activity_date as signal_date,
        cast(null as date) as touch_date

    from touch_days

    inner join touch_types
        on touch_days.touch_type = touch_types.touch_type

    where touch_types.weight > 0

    union all

    select
        account_id,
        activity_date as signal_date,
        cast(null as date) as touch_date

    from intent_days

    union all

    select
        account_id,
        cast(null as date) as signal_date,
        activity_date as touch_date

    from sales_activities

),

signals_by_account as (

    select
        account_id,
        max(signal_date) as last_signal_date,
        max(touch_date) as last_human_touch_date

    from signals

    group by account_id

)

select * from signals_by_account
order by account_id
