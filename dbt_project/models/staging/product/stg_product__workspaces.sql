with

source as (

    select * from {{ source('raw', 'product_workspaces') }}

),

renamed as (

    select
        -- ids
        {{ to_text('workspace_id') }} as workspace_id,

        -- text
        {{ to_text('name') }} as workspace_name,
        {{ to_text('plan') }} as plan,
        {{ to_text('domain') }} as domain,

        -- timestamps
        {{ to_timestamp('created_at') }} as created_at,
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('created_at', 'loaded_at') }}

),

latest as (

    {{ latest_version('visible', key=['workspace_id'], version_columns=['loaded_at']) }}

)

select * from latest
order by workspace_id
