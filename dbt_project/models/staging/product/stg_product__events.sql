with

source as (

    select * from {{ source('raw', 'product_events') }}

),

renamed as (

    select
        -- ids
        {{ to_text('event_id') }} as event_id,
        {{ to_text('workspace_id') }} as workspace_id,

        -- text
        {{ email_key('user_email') }} as email,
        {{ to_text('event_name') }} as event_name,
        {{ to_text('user_role') }} as user_role,

        -- timestamps
        {{ to_timestamp('occurred_at') }} as occurred_at,
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('occurred_at', 'loaded_at') }}

),

latest as (

    {{ latest_version('visible', key=['event_id'], version_columns=['loaded_at']) }}

)

select * from latest
order by event_id
