with

contacts as (

    select * from {{ ref('dim_contacts') }}
    where account_id is not null

),

champions as (

    select * from {{ ref('contact_champions') }}
    where account_id is not null

),

permitted_contacts as (

    select
        contact_id,
        max(case when is_reachable then 1 else 0 end) as is_reachable
    from {{ ref('permitted_contacts') }}
    where purpose = 'sales_outreach'
    group by contact_id

),

sales_activities as (

    select * from {{ ref('fct_sales_activities') }}
    where
        is_human
        and is_completed
        and activity_date <= {{ as_of_date() }}
        and {{ dbt.datediff('activity_date', as_of_date(), 'day') }} < {{ queue_parameter('committee_window_days') }}

),

touch_days as (

    select * from {{ ref('fct_touch_days') }}
    where
        activity_date <= {{ as_of_date() }}
        and {{ dbt.datediff('activity_date', as_of_date(), 'day') }} < {{ queue_parameter('committee_window_days') }}

),

touch_types as (

    select * from {{ ref('touch_types') }}

),

-- A champion holds two roles: that one, and the one of the title.
person_roles as (

    select
        contact_id,
        account_id,
        role
    from contacts
    where role not in ('unknown', 'NONE')

    union

    select
        contact_id,
        account_id,
        'CH' as role
    from champions

),

-- Delivered one-to-one: an e-mail that was sent, a call that was answered, a meeting; or the person came by themselves.
persons_reached as (

    select contact_id

    from sales_activities

    where contact_id is not null and (task_type <> 'call' or is_connected)

    union

    select touch_days.person_key as contact_id

    from touch_days

    inner join touch_types
        on touch_days.touch_type = touch_types.touch_type

    where touch_types.weight > 0

),

persons_engaged as (

    select distinct touch_days.person_key as contact_id

    from touch_days

    inner join touch_types
        on touch_days.touch_type = touch_types.touch_type

    where touch_types.is_high_intent

),

role_states as (

    select
        person_roles.account_id,
        person_roles.role,
        count(*) as contact_count,
        count(permitted_contacts.contact_id) as permitted_contact_count,
        coalesce(max(permitted_contacts.is_reachable), 0) = 1 as is_covered,
        count(persons_reached.contact_id) > 0 as is_reached,
        count(persons_engaged.contact_id) > 0 as has_high_intent_touch

    from person_roles

    left join permitted_contacts
        on person_roles.contact_id = permitted_contacts.contact_id

    left join persons_reached
        on person_roles.contact_id = persons_reached.contact_id

    left join persons_engaged
        on person_roles.contact_id = persons_engaged.contact_id

    group by person_roles.account_id, person_roles.role

)

-- An engaged role implies a covered one: somebody who acts but may not be contacted does not count as engaged here.
select
    account_id,
    role,
    contact_count,
    permitted_contact_count,
    is_covered,
    is_reached,
    is_covered and has_high_intent_touch as is_engaged
from role_states
order by account_id, role
