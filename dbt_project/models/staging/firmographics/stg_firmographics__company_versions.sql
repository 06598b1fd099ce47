with

source as (

    select * from {{ source('raw', 'firmographics_companies') }}

),

renamed as (

    select
        -- ids
        {{ to_text('company_id') }} as company_id,
        {{ to_text('provider') }} as provider,
        {{ to_text('corporate_number') }} as corporate_number,
        {{ to_text('lei') }} as lei,
        {{ to_text('duns') }} as duns,

        -- text
        {{ to_text('name') }} as company_name,
        {{ to_text('name_en') }} as name_en,
        {{ to_text('name_kana') }} as name_kana,
        {{ to_text('aliases') }} as aliases,
        {{ to_text('domain') }} as domain,
        {{ to_text('other_domains') }} as other_domains,
        {{ to_text('country') }} as country,
        {{ to_text('region') }} as region,
        {{ to_text('address') }} as address,
        {{ to_text('postal_code') }} as postal_code,
        {{ to_text('phone') }} as phone,
        {{ to_text('industry_code') }} as industry_code,
        {{ to_text('industry') }} as industry,
        {{ to_text('status') }} as status,

        -- numerics
        {{ to_count('employees') }} as employees_count,
        {{ to_number('revenue_usd') }} as revenue_usd,
        {{ to_number('capital_jpy') }} as capital_jpy,
        {{ to_count('founded_year') }} as founded_year,

        -- dates
        {{ to_date('as_of') }} as as_of_date,

        -- booleans
        {{ was_there_from_the_start('loaded_at') }} as is_from_first_load,

        -- timestamps
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('as_of_date', 'loaded_at') }}

)

select * from visible
order by provider, company_id, loaded_at, as_of_date
