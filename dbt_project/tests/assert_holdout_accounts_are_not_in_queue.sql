{{ config(meta={'dagster': {'ref': {'name': 'sdr_queue'}}}) }}
-- Told from the assignments alone. Only a test that somebody has read, or that is past its hold, releases its group.
with

sdr_queue as (

    select * from {{ ref('sdr_queue') }}

),

assignments as (

    select * from {{ ref('fct_experiment_assignments') }}
    where lower(arm) like 'control%' or lower(arm) like 'hold%' or has_conflicting_arms

),

ended_experiments as (

    select * from {{ ref('ended_experiments') }}
    where ended_on <= {{ as_of_date() }}

)

select
    sdr_queue.account_id,
    assignments.experiment,
    assignments.arm
from sdr_queue
inner join assignments
    on sdr_queue.account_id = assignments.account_id
left join ended_experiments
    on assignments.experiment = ended_experiments.experiment
where
    ended_experiments.experiment is null
    and {{ dbt.datediff('assignments.assigned_at', as_of_date(), 'day') }}
    < {{ queue_parameter('experiment_hold_days') }}
