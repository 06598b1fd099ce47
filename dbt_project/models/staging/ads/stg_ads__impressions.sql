with

source as (

    select * from {{ source('raw', 'ads_impressions') }}

),

renamed as (

    select
        -- text
        {{ to_text('platform') }} as platform,
        {{ to_text('campaign') }} as campaign,
        {{ to_text('domain') }} as domain,
        {{ host_key('domain') }} as host,

        -- numerics
        {{ to_count('impressions') }} as impressions_count,
        {{ to_count('clicks') }} as clicks_count,
        {{ to_number('spend_usd') }} as spend_usd,

        -- dates
        {{ to_date('date') }} as impression_date,

        -- timestamps
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('impression_date', 'loaded_at') }}

),

latest as (

    {{ latest_version(
        'visible',
        key=['impression_date', 'platform', 'campaign', 'domain'],
        version_columns=['loaded_at']
    ) }}

)

select * from latest
order by impression_date, platform, campaign, domain
