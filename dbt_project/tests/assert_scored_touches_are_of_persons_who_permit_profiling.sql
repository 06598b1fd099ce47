{{ config(meta={'dagster': {'ref': {'name': 'fct_touch_days'}}}) }}
-- Read from the statements themselves, not from the model that the gate uses.
with

statements as (

    select
        email,
        status,
        lawful_basis,
        is_readable,
        expires_at,
        max(coalesce(occurred_at, loaded_at)) over (partition by email, channel) as latest_at,
        coalesce(occurred_at, loaded_at) as stated_at

    from {{ ref('stg_consent__records') }}

    where purpose = 'profiling'

),

refusals as (

    select distinct email

    from statements

    where
        stated_at = latest_at
        and (
            status <> 'granted'
            or not is_readable
            or lawful_basis is null
            or expires_at < {{ as_of_end() }}
        )

),

permitted as (

    select distinct statements.email

    from statements

    left join refusals
        on statements.email = refusals.email

    where refusals.email is null

)

select distinct touch_days.person_key

from {{ ref('fct_touch_days') }} as touch_days

left join {{ ref('dim_contacts') }} as contacts
    on touch_days.person_key = contacts.contact_id

left join permitted
    on contacts.email = permitted.email

where permitted.email is null
