with

source as (

    select * from {{ source('raw', 'experiments_assignments') }}

),

renamed as (

    select
        -- text
        {{ to_text('experiment') }} as experiment,
        {{ to_text('unit_domain') }} as unit_domain,
        {{ host_key('unit_domain') }} as host,
        {{ to_text('arm') }} as arm,

        -- timestamps
        {{ to_timestamp('assigned_at') }} as assigned_at,
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('assigned_at', 'loaded_at') }}

),

latest as (

    {{ latest_version(
        'visible',
        key=['experiment', 'unit_domain', 'arm', 'assigned_at'],
        version_columns=['loaded_at']
    ) }}

)

select * from latest
order by experiment, unit_domain, arm, assigned_at
