with

source as (

    select * from {{ source('raw', 'salesforce_opportunity') }}

),

renamed as (

    select
        -- ids
        {{ to_text('Id') }} as opportunity_id,
        {{ to_text('AccountId') }} as salesforce_account_id,
        {{ to_text('OwnerId') }} as salesforce_owner_id,

        -- text
        {{ to_text('Name') }} as opportunity_name,
        {{ to_text('StageName') }} as stage_name,
        {{ to_text('Type') }} as opportunity_type,
        {{ to_text('LeadSource') }} as lead_source,

        -- numerics
        {{ to_number('Amount') }} as amount_usd,

        -- booleans
        {{ to_boolean('IsClosed') }} as is_closed,
        {{ to_boolean('IsWon') }} as is_won,

        -- dates
        {{ to_date('CloseDate') }} as close_date,

        -- timestamps
        {{ to_timestamp('CreatedDate') }} as created_at,
        {{ to_timestamp('LastModifiedDate') }} as last_modified_at,
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('created_at', 'loaded_at') }}

),

latest as (

    {{ latest_version('visible', key=['opportunity_id'], version_columns=['loaded_at', 'last_modified_at']) }}

)

select * from latest
order by opportunity_id
