with

source as (

    select * from {{ source('raw', 'intent_vendor_surge') }}

),

renamed as (

    select
        -- text
        {{ to_text('vendor') }} as vendor,
        {{ to_text('domain') }} as domain,
        {{ host_key('domain') }} as host,
        {{ to_text('topic') }} as topic,

        -- numerics
        {{ to_number('surge_score') }} as surge_score,

        -- dates
        {{ to_date('week_start') }} as week_start_date,

        -- timestamps
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('week_start_date', 'loaded_at') }}

),

latest as (

    {{ latest_version('visible', key=['vendor', 'domain', 'topic', 'week_start_date'], version_columns=['loaded_at']) }}

)

select * from latest
order by vendor, domain, topic, week_start_date
