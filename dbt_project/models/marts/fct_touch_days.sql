with

touches as (

    select * from {{ ref('fct_touches') }}
    where
        account_id is not null
        and contact_id is not null
        and not is_bot
        and not is_seller_caused

),

contacts as (

    select * from {{ ref('dim_contacts') }}

),

consent_states as (

    select * from {{ ref('fct_consent_states') }}
    where purpose = 'profiling'

),

-- Profiling has no channel of its own, so the least permissive of the latest statements of all channels counts, as in
-- activation.permissions: who refused on one channel and agreed on another has not agreed to be profiled.
profiling_permissions as (

    select contact_id

    from consent_states

    group by contact_id

    having min(case when is_granted then 1 else 0 end) = 1

),

touch_days as (

    select
        touches.account_id,
        touches.person_key,
        contacts.role,
        touches.touch_type,
        touches.activity_date,
        count(*) as touch_count

    from touches

    inner join contacts
        on touches.contact_id = contacts.contact_id

    inner join profiling_permissions
        on contacts.contact_id = profiling_permissions.contact_id

    group by
        touches.account_id,
        touches.person_key,
        contacts.role,
        touches.touch_type,
        touches.activity_date

)

select * from touch_days
order by account_id, person_key, touch_type, activity_date
