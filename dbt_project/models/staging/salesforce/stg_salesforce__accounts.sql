with

source as (

    select * from {{ source('raw', 'salesforce_account') }}

),

renamed as (

    select
        -- ids
        {{ to_text('Id') }} as salesforce_account_id,
        {{ to_text('ParentId') }} as salesforce_parent_account_id,
        {{ to_text('OwnerId') }} as salesforce_owner_id,

        -- text
        {{ to_text('Name') }} as account_name,
        {{ to_text('Website') }} as website,
        {{ to_text('Industry') }} as industry,
        {{ to_text('Type') }} as account_type,
        {{ to_text('BillingStreet') }} as billing_street,
        {{ to_text('BillingCity') }} as billing_city,
        {{ to_text('BillingState') }} as billing_state,
        {{ to_text('BillingPostalCode') }} as billing_postal_code,
        {{ to_text('BillingCountry') }} as billing_country,
        {{ to_text('Phone') }} as phone,
        {{ to_text('DunsNumber') }} as duns_number,
        {{ to_text('AccountNumber') }} as account_number,

        -- numerics
        {{ to_number('AnnualRevenue') }} as annual_revenue_usd,
        {{ to_count('NumberOfEmployees') }} as employees_count,

        -- booleans
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

    {{ latest_version('visible', key=['salesforce_account_id'], version_columns=['loaded_at', 'last_modified_at']) }}

)

select * from latest
order by salesforce_account_id
