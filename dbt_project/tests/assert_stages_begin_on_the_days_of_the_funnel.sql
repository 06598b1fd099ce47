{{ config(meta={'dagster': {'ref': {'name': 'funnel_accounts'}}}) }}
-- Two models count the same facts. They part when the Engaged row of account_stages.csv and the mqa rows of
-- queue_parameters.csv say two numbers: one value cannot be two.
with

funnel_accounts as (

    select * from {{ ref('funnel_accounts') }}

),

first_days as (

    select
        account_id,
        min(case when stage = 'Engaged' then start_date end) as engaged_date,
        min(case when stage = 'SQL' then start_date end) as sql_date

    from {{ ref('int_account_stage_spans') }}

    group by account_id

)

select
    funnel_accounts.account_id,
    funnel_accounts.mqa_date,
    first_days.engaged_date,
    funnel_accounts.sql_date,
    first_days.sql_date as first_sql_date
from funnel_accounts
inner join first_days
    on funnel_accounts.account_id = first_days.account_id
where
    coalesce(funnel_accounts.mqa_date, cast('9999-12-31' as date))
    <> coalesce(first_days.engaged_date, cast('9999-12-31' as date))
    or coalesce(funnel_accounts.sql_date, cast('9999-12-31' as date))
    <> coalesce(first_days.sql_date, cast('9999-12-31' as date))
