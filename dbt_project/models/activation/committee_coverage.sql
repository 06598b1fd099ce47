with

tiers as (

    select * from {{ ref('account_tiers') }}

),

committee_roles as (

    select * from {{ ref('committee_roles') }}

),

role_weights as (

    select * from {{ ref('role_weights') }}

),

outreach_contacts as (

    select * from {{ ref('permitted_contacts') }}
    where purpose = 'sales_outreach' and is_reachable

),

contacts as (

    select * from {{ ref('dim_contacts') }}

),

sales_activities as (

    select * from {{ ref('fct_sales_activities') }}
    where
        is_human
        and is_completed
        and {{ dbt.datediff('activity_date', as_of_date(), 'day') }} < {{ queue_parameter('committee_window_days') }}

),

touch_days as (

    select * from {{ ref('fct_touch_days') }}
    where {{ dbt.datediff('activity_date', as_of_date(), 'day') }} < {{ queue_parameter('committee_window_days') }}

),

touch_types as (

    select * from {{ ref('touch_types') }}

),

account_roles as (

    select
        tiers.account_id,
        tiers.tier,
        committee_roles.role,
        role_weights.label_en,
        role_weights.label_ja,
        -- Heaviest role first; the code decides among equals.
        row_number() over (partition by tiers.account_id order by role_weights.weight desc, committee_roles.role asc)
            as role_position

    from tiers

    left join committee_roles
        on tiers.tier = committee_roles.tier

    left join role_weights
        on committee_roles.role = role_weights.role

),

covered_roles as (

    select distinct
        account_id,
        role

    from outreach_contacts

),

-- Delivered one-to-one: an e-mail that was sent, a call that was answered, a meeting; or the person came by themselves.
reached_roles as (

    select
        contacts.account_id,
        contacts.role

    from sales_activities

    inner join contacts
        on sales_activities.contact_id = contacts.contact_id

    where sales_activities.task_type <> 'call' or sales_activities.is_connected

    union

    select
        touch_days.account_id,
        touch_days.role

    from touch_days

    inner join touch_types
        on touch_days.touch_type = touch_types.touch_type

    where touch_types.weight > 0

),

engaged_roles as (

    select distinct
        touch_days.account_id,
        touch_days.role

    from touch_days

    inner join touch_types
        on touch_days.touch_type = touch_types.touch_type

    where touch_types.is_high_intent

),

-- An engaged role implies a covered one: somebody who acts but may not be contacted does not count as engaged here.
role_states as (

    select
        account_roles.account_id,
        account_roles.tier,
        account_roles.role,
        account_roles.label_en,
        account_roles.label_ja,
        account_roles.role_position,
        covered_roles.role is not null as is_covered,
        reached_roles.role is not null as is_reached,
        covered_roles.role is not null and engaged_roles.role is not null as is_engaged

    from account_roles

    left join covered_roles
        on
            account_roles.account_id = covered_roles.account_id
            and account_roles.role = covered_roles.role

    left join reached_roles
        on
            account_roles.account_id = reached_roles.account_id
            and account_roles.role = reached_roles.role

    left join engaged_roles
        on
            account_roles.account_id = engaged_roles.account_id
            and account_roles.role = engaged_roles.role

),

coverage as (

    select
        account_id,
        tier,
        {{ dbt.listagg('role', "'|'", 'order by role_position') }} as required_roles,
        {{ dbt.listagg('case when is_covered then role end', "'|'", 'order by role_position') }} as covered_roles,
        {{ dbt.listagg('case when not is_covered then label_en end', "', '", 'order by role_position') }}
            as missing_roles,
        {{ dbt.listagg('case when not is_covered then label_ja end', "'、'", 'order by role_position') }}
            as missing_roles_ja,
        {{ dbt.listagg('case when is_reached then role end', "'|'", 'order by role_position') }} as reached_roles,
        {{ dbt.listagg('case when is_engaged then role end', "'|'", 'order by role_position') }} as engaged_roles,
        count(role) as required_role_count,
        count(case when is_covered then role end) as covered_role_count,
        count(case when is_reached then role end) as reached_role_count,
        count(case when is_engaged then role end) as engaged_role_count

    from role_states

    group by account_id, tier

)

select
    account_id,
    tier,
    required_roles,
    covered_roles,
    missing_roles,
    missing_roles_ja,
    reached_roles,
    engaged_roles,
    required_role_count,
    covered_role_count,
    reached_role_count,
    engaged_role_count,
    cast(covered_role_count as double) / nullif(required_role_count, 0) as coverage_share,
    cast(reached_role_count as double) / nullif(required_role_count, 0) as reach_share,
    cast(engaged_role_count as double) / nullif(required_role_count, 0) as engagement_share
from coverage
order by account_id
