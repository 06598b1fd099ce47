with

source as (

    select * from {{ source('raw', 'firmographics_ownership') }}

),

renamed as (

    select
        -- ids
        {{ to_text('child_company_id') }} as child_company_id,
        {{ to_text('parent_company_id') }} as parent_company_id,
        {{ to_text('provider') }} as provider,

        -- text
        {{ to_text('kind') }} as kind,

        -- dates
        {{ to_date('valid_from') }} as valid_from_date,
        {{ to_date('valid_to') }} as valid_to_date,

        -- timestamps
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('valid_from_date', 'loaded_at', is_undated_visible=true) }}

),

latest as (

    {{ latest_version(
        'visible',
        key=['provider', 'child_company_id', 'parent_company_id', 'kind', 'valid_from_date'],
        version_columns=['loaded_at']
    ) }}

)

select * from latest
order by provider, child_company_id, parent_company_id, kind, valid_from_date
