with

source as (

    select * from {{ source('raw', 'salesforce_opportunity_history') }}

),

renamed as (

    select
        -- ids
        {{ to_text('Id') }} as opportunity_change_id,
        {{ to_text('OpportunityId') }} as opportunity_id,

        -- text
        {{ to_text('StageName') }} as stage_name,

        -- numerics
        {{ to_number('Amount') }} as amount_usd,

        -- timestamps
        {{ to_timestamp('CreatedDate') }} as changed_at,
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('changed_at', 'loaded_at') }}

),

latest as (

    {{ latest_version('visible', key=['opportunity_change_id'], version_columns=['loaded_at']) }}

)

select * from latest
order by opportunity_change_id
