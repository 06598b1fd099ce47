with

assignments as (

    select * from {{ ref('fct_experiment_assignments') }}

),

raw_assignments as (

    select * from {{ ref('stg_experiments__assignments') }}

),

domain_keys as (

    select * from {{ source('identity', 'domain_keys') }}

),

record_keys as (

    select * from {{ source('identity', 'record_keys') }}

),

account_records as (

    select * from {{ ref('dim_account_records') }}

),

ended_experiments as (

    select * from {{ ref('ended_experiments') }}
    where ended_on <= {{ as_of_date() }}

),

-- Whose domain stands in a held arm is held, even when several accounts share the domain or it stands in two arms.
domain_assignments as (

    select
        account_records.account_id,
        raw_assignments.experiment,
        raw_assignments.arm,
        raw_assignments.assigned_at

    from raw_assignments

    inner join domain_keys
        on raw_assignments.host = domain_keys.host

    inner join record_keys
        on domain_keys.registrable_domain = record_keys.registrable_domain

    inner join account_records
        on record_keys.record_id = account_records.record_id

    where domain_keys.domain_kind = 'company'

),

account_assignments as (

    select
        account_id,
        experiment,
        arm,
        assigned_at
    from assignments

    union

    select
        account_id,
        experiment,
        arm,
        assigned_at
    from domain_assignments

),

held_experiments as (

    select distinct
        account_assignments.account_id,
        account_assignments.experiment

    from account_assignments

    left join ended_experiments
        on account_assignments.experiment = ended_experiments.experiment

    where
        {{ matches('lower(account_assignments.arm)', "'^(control|hold[ _-]?out)'") }}
        and ended_experiments.experiment is null
        and (
            {{ dbt.datediff('account_assignments.assigned_at', as_of_date(), 'day') }}
            < {{ queue_parameter('experiment_hold_days') }}
            or {{ matches('lower(account_assignments.arm)', "'^hold'") }}
            or account_assignments.assigned_at is null
        )

)

select
    account_id,
    {{ dbt.listagg('experiment', "', '", 'order by experiment') }} as experiments
from held_experiments
group by account_id
order by account_id
