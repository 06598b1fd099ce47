{{ config(meta={'dagster': {'ref': {'name': 'sdr_queue'}}}) }}
-- In the CRM, no customer, no open opportunity, not touched by a seller within the cooldown.
with

sdr_queue as (

    select * from {{ ref('sdr_queue') }}

),

accounts as (

    select * from {{ ref('account_360') }}

),

recent_activities as (

    select distinct account_id
    from {{ ref('fct_sales_activities') }}
    where
        is_human
        and is_completed
        and {{ dbt.datediff('activity_date', as_of_date(), 'day') }} < {{ queue_parameter('cooldown_days') }}

)

select sdr_queue.account_id
from sdr_queue
left join accounts
    on sdr_queue.account_id = accounts.account_id
left join recent_activities
    on sdr_queue.account_id = recent_activities.account_id
where
    accounts.account_id is null
    or not accounts.is_in_crm
    or accounts.is_customer
    or accounts.has_open_opportunity
    or recent_activities.account_id is not null
