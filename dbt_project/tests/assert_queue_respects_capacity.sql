{{ config(meta={'dagster': {'ref': {'name': 'sdr_queue'}}}) }}
with

sdr_queue as (

    select * from {{ ref('sdr_queue') }}

),

reps as (

    select * from {{ ref('int_reps') }}

),

queue_counts as (

    select
        salesforce_user_id,
        count(*) as item_count,
        count(case when is_exploration then 1 end) as exploration_count

    from sdr_queue

    group by salesforce_user_id

)

select queue_counts.*
from queue_counts
left join reps
    on queue_counts.salesforce_user_id = reps.salesforce_user_id
where
    reps.salesforce_user_id is null
    or queue_counts.item_count > reps.queue_capacity
    or queue_counts.exploration_count > reps.queue_capacity * {{ queue_parameter('exploration_share') }}
