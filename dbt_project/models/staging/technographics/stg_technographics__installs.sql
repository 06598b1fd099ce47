with

source as (

    select * from {{ source('raw', 'technographics_installs') }}

),

renamed as (

    select
        -- text
        {{ to_text('domain') }} as domain,
        {{ host_key('domain') }} as host,
        {{ to_text('technology') }} as technology,
        {{ to_text('category') }} as category,

        -- dates
        {{ to_date('first_seen') }} as first_seen_date,
        {{ to_date('last_seen') }} as last_seen_date,

        -- booleans
        {{ was_there_from_the_start('loaded_at') }} as is_from_first_load,

        -- timestamps
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('first_seen_date', 'loaded_at', is_undated_visible=true) }}

),

latest as (

    {{ latest_version('visible', key=['domain', 'technology'], version_columns=['loaded_at']) }}

)

select * from latest
order by domain, technology
