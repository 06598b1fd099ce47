with

source as (

    select * from {{ source('raw', 'ads_audience_matches') }}

),

renamed as (

    select
        -- text
        {{ to_text('platform') }} as platform,
        {{ to_text('audience') }} as audience,
        {{ to_text('domain') }} as domain,
        {{ host_key('domain') }} as host,

        -- numerics
        {{ to_count('uploaded_members') }} as uploaded_members_count,
        {{ to_count('matched_members') }} as matched_members_count,

        -- timestamps
        {{ to_timestamp('pushed_at') }} as pushed_at,
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('pushed_at', 'loaded_at') }}

),

latest as (

    {{ latest_version('visible', key=['platform', 'audience', 'pushed_at', 'domain'], version_columns=['loaded_at']) }}

)

select * from latest
order by platform, audience, pushed_at, domain
