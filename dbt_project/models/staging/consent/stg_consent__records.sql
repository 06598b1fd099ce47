with

-- A statement that the loader set aside may be a refusal, so what can be read of it comes along, as an unreadable one.
set_aside as (

    select
        'rejected:' || batch_id || ':' || line as record_id,
        {{ json_text('row_text', 'email') }} as email,
        {{ json_text('row_text', 'purpose') }} as purpose,
        coalesce({{ json_text('row_text', 'channel') }}, 'any') as channel,
        'set aside' as status,
        cast(null as varchar) as lawful_basis,
        {{ json_text('row_text', 'source') }} as source,
        {{ json_text('row_text', 'occurred_at') }} as occurred_at,
        cast(null as varchar) as expires_at,
        {{ json_text('row_text', 'loaded_at') }} as loaded_at

    from {{ source('raw', 'rejected') }}

    where table_name = 'consent_records'

),

source as (

    select
        record_id,
        email,
        purpose,
        channel,
        status,
        lawful_basis,
        source,
        occurred_at,
        expires_at,
        loaded_at
    from {{ source('raw', 'consent_records') }}

    union all

    select * from set_aside

),

renamed as (

    select
        -- ids
        {{ to_text('record_id') }} as record_id,

        -- text
        {{ email_key('email') }} as email,
        lower({{ to_text('purpose') }}) as purpose,
        lower({{ to_text('channel') }}) as channel,
        lower({{ to_text('status') }}) as status,
        {{ to_text('lawful_basis') }} as lawful_basis,
        {{ to_text('source') }} as statement_source,

        -- booleans
        (
            coalesce(lower({{ to_text('status') }}) in ('granted', 'denied', 'withdrawn'), false)
            and {{ to_timestamp('occurred_at') }} is not null
            and ({{ to_text('expires_at') }} is null or {{ to_timestamp('expires_at') }} is not null)
        ) as is_readable,

        -- timestamps
        {{ to_timestamp('occurred_at') }} as occurred_at,
        {{ to_timestamp('expires_at') }} as expires_at,
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('occurred_at', 'loaded_at', is_undated_visible=true) }}

),

latest as (

    {{ latest_version('visible', key=['record_id'], version_columns=['loaded_at']) }}

)

select * from latest
order by record_id
