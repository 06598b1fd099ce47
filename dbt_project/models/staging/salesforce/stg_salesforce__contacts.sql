with

source as (

    select * from {{ source('raw', 'salesforce_contact') }}

),

renamed as (

    select
        -- ids
        {{ to_text('Id') }} as salesforce_contact_id,
        {{ to_text('AccountId') }} as salesforce_account_id,

        -- text
        {{ email_key('Email') }} as email,
        {{ to_text('FirstName') }} as first_name,
        {{ to_text('LastName') }} as last_name,
        {{ to_text('Title') }} as title,
        {{ to_text('Department') }} as department,
        {{ to_text('Phone') }} as phone,

        -- booleans
        case
            when {{ to_text('HasOptedOutOfEmail') }} is not null
                then coalesce({{ to_boolean('HasOptedOutOfEmail') }}, true)
        end as has_opted_out_of_email,
        case
            when {{ to_text('DoNotCall') }} is not null
                then coalesce({{ to_boolean('DoNotCall') }}, true)
        end as do_not_call,
        {{ to_boolean('IsDeleted') }} as is_deleted,

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

    {{ latest_version('visible', key=['salesforce_contact_id'], version_columns=['loaded_at', 'last_modified_at']) }}

)

select * from latest
order by salesforce_contact_id
