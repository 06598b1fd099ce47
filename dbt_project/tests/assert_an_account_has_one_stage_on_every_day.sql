{{ config(meta={'dagster': {'ref': {'name': 'account_stage_history'}}}) }}
-- Neither a gap nor an overlap, from the first day to the as-of date, and no account without a stage.
with

accounts as (

    select account_id from {{ ref('account_360') }}

),

history as (

    select
        account_id,
        stage,
        entered_date,
        left_date,
        lead(entered_date) over (partition by account_id order by entered_date) as next_entered_date,
        lead(stage) over (partition by account_id order by entered_date) as next_stage
    from {{ ref('account_stage_history') }}

)

select
    accounts.account_id,
    history.stage,
    history.entered_date,
    history.left_date
from accounts
left join history
    on accounts.account_id = history.account_id
where
    history.account_id is null
    or history.entered_date > {{ as_of_date() }}
    or history.left_date <= history.entered_date
    or coalesce(history.left_date, cast('9999-12-31' as date))
    <> coalesce(history.next_entered_date, cast('9999-12-31' as date))
    or history.stage = history.next_stage
