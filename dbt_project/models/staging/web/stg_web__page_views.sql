with

source as (

    select * from {{ source('raw', 'web_page_views') }}

),

renamed as (

    select
        -- ids
        {{ to_text('event_id') }} as event_id,
        {{ to_text('visitor_id') }} as visitor_id,

        -- text
        {{ email_key('email') }} as email,
        {{ to_text('path') }} as path,
        {{ to_text('domain') }} as domain,
        {{ host_key('domain') }} as host,
        {{ to_text('referrer') }} as referrer,
        {{ to_text('user_agent') }} as user_agent,

        -- numerics
        {{ to_number('duration_seconds') }} as duration_seconds,

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
