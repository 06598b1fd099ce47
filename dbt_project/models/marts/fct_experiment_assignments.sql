with

assignments as (

    select * from {{ ref('stg_experiments__assignments') }}

),

domain_keys as (

    select * from {{ source('identity', 'domain_keys') }}

),

account_domains as (

    select * from {{ ref('account_domains') }}

),

account_assignments as (

    select
        account_domains.account_id,
        assignments.experiment,
        assignments.arm,
        assignments.assigned_at

    from assignments

    inner join domain_keys
        on assignments.host = domain_keys.host

    inner join account_domains
        on
            domain_keys.registrable_domain = account_domains.registrable_domain
            and domain_keys.domain_kind = 'company'

),

-- An account is analysed in the arm that it was given first. Two domains of one account can stand in two arms.
ranked_assignments as (

    select
        account_id,
        experiment,
        arm,
        assigned_at,
        row_number() over (partition by account_id, experiment order by assigned_at, arm) as assignment_rank,
        min(arm) over (partition by account_id, experiment) <> max(arm) over (partition by account_id, experiment)
            as has_conflicting_arms

    from account_assignments

)

select
    account_id,
    experiment,
    arm,
    has_conflicting_arms,
    assigned_at
from ranked_assignments
where assignment_rank = 1
order by account_id, experiment
