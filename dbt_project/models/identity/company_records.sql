with

salesforce_accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}
    where not coalesce(is_deleted, false)

),

companies as (

    select * from {{ ref('stg_firmographics__companies') }}

),

workspaces as (

    select * from {{ ref('stg_product__workspaces') }}

),

countries as (

    select * from {{ ref('countries') }}

),

records as (

    select
        'salesforce:' || salesforce_account_id as record_id,
        'salesforce' as source,
        salesforce_account_id as source_id,
        account_name as company_name,
        cast(null as varchar) as name_en,
        cast(null as varchar) as name_kana,
        cast(null as varchar) as aliases,
        website as domain,
        cast(null as varchar) as other_domains,
        {{ folded_text('billing_country') }} as country,
        billing_state as region,
        nullif(trim(coalesce(billing_street, '') || ' ' || coalesce(billing_city, '')), '') as address,
        billing_postal_code as postal_code,
        phone,
        account_number as corporate_number,
        cast(null as varchar) as lei,
        duns_number as duns,
        cast(created_at as date) as first_seen_date

    from salesforce_accounts

    union all

    select
        'firmographics:' || provider || ':' || company_id as record_id,
        'firmographics' as source,
        provider || ':' || company_id as source_id,
        company_name,
        name_en,
        name_kana,
        aliases,
        domain,
        other_domains,
        {{ folded_text('country') }} as country,
        region,
        address,
        postal_code,
        phone,
        corporate_number,
        lei,
        duns,
        as_of_date as first_seen_date

    from companies

    union all

    select
        'product:' || workspace_id as record_id,
        'product' as source,
        workspace_id as source_id,
        workspace_name as company_name,
        cast(null as varchar) as name_en,
        cast(null as varchar) as name_kana,
        cast(null as varchar) as aliases,
        domain,
        cast(null as varchar) as other_domains,
        cast(null as varchar) as country,
        cast(null as varchar) as region,
        cast(null as varchar) as address,
        cast(null as varchar) as postal_code,
        cast(null as varchar) as phone,
        cast(null as varchar) as corporate_number,
        cast(null as varchar) as lei,
        cast(null as varchar) as duns,
        cast(created_at as date) as first_seen_date

    from workspaces

),

records_with_country_code as (

    select
        records.record_id,
        records.source,
        records.source_id,
        records.company_name,
        records.name_en,
        records.name_kana,
        records.aliases,
        records.domain,
        records.other_domains,
        {{ iso_country_code('records.country', 'countries.country_code') }} as country_code,
        records.region,
        records.address,
        records.postal_code,
        records.phone,
        records.corporate_number,
        records.lei,
        records.duns,
        records.first_seen_date

    from records

    left join countries
        on records.country = countries.alias

),

-- A night compares only what changed since the last one, which this number says: all that can decide over a record.
records_with_content_hash as (

    select
        *,
        hash(
            record_id,
            source,
            company_name,
            name_en,
            name_kana,
            aliases,
            domain,
            other_domains,
            country_code,
            address,
            postal_code,
            phone,
            corporate_number,
            lei,
            duns,
            first_seen_date
        ) as content_hash

    from records_with_country_code

)

select * from records_with_content_hash
order by record_id
