with

source as (

    select * from {{ source('raw', 'support_tickets') }}

),

renamed as (

    select
        -- ids
        {{ to_text('ticket_id') }} as ticket_id,

        -- text
        {{ email_key('requester_email') }} as email,
        {{ to_text('category') }} as category,
        {{ to_text('priority') }} as priority,
        {{ to_text('status') }} as status,

        -- timestamps
        {{ to_timestamp('created_at') }} as created_at,
        {{ to_timestamp('closed_at') }} as closed_at,
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('created_at', 'loaded_at') }}

),

latest as (

    {{ latest_version('visible', key=['ticket_id'], version_columns=['loaded_at']) }}

)

select * from latest
order by ticket_id
