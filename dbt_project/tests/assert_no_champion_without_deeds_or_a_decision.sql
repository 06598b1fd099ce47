-- Counted anew from the touches that a profiling permission lets through, and from the file of decisions.
{{ config(meta={'dagster': {'ref': {'name': 'contact_champions'}}}) }}
with

deep_touches as (

    select
        touch_days.person_key,
        sum(touch_days.touch_count) as deep_touch_count

    from {{ ref('fct_touch_days') }} as touch_days

    inner join {{ ref('touch_types') }} as touch_types
        on touch_days.touch_type = touch_types.touch_type

    where
        touch_types.is_deep
        and {{ dbt.datediff('touch_days.activity_date', as_of_date(), 'day') }}
        < {{ mart_parameter('champion_window_days') }}

    group by touch_days.person_key

),

colleagues as (

    select
        account_id,
        count(distinct person_key) as person_count

    from {{ ref('fct_touch_days') }}

    group by account_id

),

invitations as (

    select distinct person_key from {{ ref('fct_touch_days') }}
    where touch_type = 'invite_sent'

)

select champions.contact_id

from {{ ref('contact_champions') }} as champions

left join {{ ref('int_decided_roles') }} as decided_roles
    on champions.contact_id = decided_roles.contact_id

left join deep_touches
    on champions.contact_id = deep_touches.person_key

left join colleagues
    on champions.account_id = colleagues.account_id

left join invitations
    on champions.contact_id = invitations.person_key

where
    decided_roles.is_champion = false
    or (
        champions.champion_reason = 'behaviour'
        and (
            coalesce(deep_touches.deep_touch_count, 0) < {{ mart_parameter('champion_min_deep_touches') }}
            or (coalesce(colleagues.person_count, 0) < 2 and invitations.person_key is null)
        )
    )
    or (champions.champion_reason = 'decided' and not coalesce(decided_roles.is_champion, false))
