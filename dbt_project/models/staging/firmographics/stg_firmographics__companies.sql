with

versions as (

    select
        company_id,
        provider,
        corporate_number,
        lei,
        duns,
        company_name,
        name_en,
        name_kana,
        aliases,
        domain,
        other_domains,
        country,
        region,
        address,
        postal_code,
        phone,
        industry_code,
        industry,
        status,
        employees_count,
        revenue_usd,
        capital_jpy,
        founded_year,
        as_of_date,
        loaded_at

    from {{ ref('stg_firmographics__company_versions') }}

),

latest as (

    {{ latest_version('versions', key=['provider', 'company_id'], version_columns=['loaded_at', 'as_of_date']) }}

)

select * from latest
order by provider, company_id
