with

source as (

    select * from {{ source('raw', 'salesforce_user') }}

),

renamed as (

    select
        -- ids
        {{ to_text('Id') }} as salesforce_user_id,

        -- text
        {{ to_text('Name') }} as user_name,
        {{ email_key('Email') }} as email,
        {{ to_text('UserRoleName') }} as user_role,
        {{ to_text('TimeZoneSidKey') }} as time_zone,

        -- booleans
        {{ to_boolean('IsActive') }} as is_active,

        -- timestamps
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of(none, 'loaded_at') }}

),

latest as (

    {{ latest_version('visible', key=['salesforce_user_id'], version_columns=['loaded_at']) }}

)

select * from latest
order by salesforce_user_id
