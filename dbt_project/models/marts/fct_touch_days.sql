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

profiled_contacts as (

    select * from {{ ref('int_profiled_contacts') }}

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

    inner join profiled_contacts
        on contacts.contact_id = profiled_contacts.contact_id

    group by
        touches.account_id,
        touches.person_key,
        contacts.role,
        touches.touch_type,
        touches.activity_date

)

select * from touch_days
order by account_id, person_key, touch_type, activity_date
