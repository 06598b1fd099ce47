{#- Attributes: the value as it is shown, and what makes two values the same. -#}
{%- set attributes = [
    ('company_name', 'company_name', 'normalised_name'),
    ('name_en', 'name_en', none),
    ('name_kana', 'name_kana', none),
    ('domain', 'domain', none),
    ('country_code', 'country_code', none),
    ('region', 'region', none),
    ('address', 'address', 'address_key'),
    ('postal_code', 'postal_code', 'postal_key'),
    ('phone', 'phone', 'phone_key'),
    ('industry', 'industry', 'industry_group'),
    ('employees_count', 'cast(employees_count as varchar)', none),
    ('revenue_usd', "regexp_replace(cast(revenue_usd as varchar), '[.]0$', '')", none),
    ('founded_year', 'cast(founded_year as varchar)', none),
    ('capital_jpy', "regexp_replace(cast(capital_jpy as varchar), '[.]0$', '')", none),
    ('corporate_number', 'corporate_number', none),
    ('lei', 'lei', none),
    ('duns', 'duns', none),
    ('crm_type', 'account_type', none)
] -%}

with

account_records as (

    select * from {{ ref('dim_account_records') }}

),

company_records as (

    select * from {{ ref('company_records') }}

),

record_keys as (

    select * from {{ source('identity', 'record_keys') }}

),

record_places as (

    select * from {{ source('identity', 'record_places') }}

),

record_sites as (

    select * from {{ ref('record_sites') }}

),

account_domains as (

    select * from {{ ref('account_domains') }}

),

salesforce_accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

companies as (

    select * from {{ ref('stg_firmographics__companies') }}

),

industries as (

    select * from {{ ref('int_industries_grouped') }}

),

provider_ranks as (

    select * from {{ ref('int_attribute_provider_ranks') }}

),

-- The CRM keeps no date per field, and its modification stamp moves when we write: its values count as of the day on
-- which the record was created.
records as (

    select
        account_records.account_id,
        account_records.record_id,
        account_records.source,
        account_records.is_primary,
        coalesce(companies.provider, account_records.source) as provider,
        company_records.company_name,
        company_records.name_en,
        company_records.name_kana,
        account_domains.registrable_domain as domain,
        company_records.country_code,
        company_records.region,
        company_records.address,
        company_records.postal_code,
        company_records.phone,
        record_keys.normalised_name,
        record_keys.corporate_number,
        record_keys.lei,
        record_keys.duns,
        case when left(record_sites.site_key, 8) = 'address:' then record_sites.site_key end as address_key,
        record_places.postal_key,
        record_places.phone_key,
        salesforce_accounts.account_type,
        coalesce(salesforce_accounts.industry, companies.industry) as industry,
        coalesce(salesforce_accounts.employees_count, companies.employees_count) as employees_count,
        coalesce(salesforce_accounts.annual_revenue_usd, companies.revenue_usd) as revenue_usd,
        companies.founded_year,
        companies.capital_jpy,
        company_records.first_seen_date as as_of_date

    from account_records

    inner join company_records
        on account_records.record_id = company_records.record_id

    left join record_keys
        on account_records.record_id = record_keys.record_id

    left join record_places
        on account_records.record_id = record_places.record_id

    left join record_sites
        on account_records.record_id = record_sites.record_id

    left join account_domains
        on
            record_keys.registrable_domain = account_domains.registrable_domain
            and account_records.account_id = account_domains.account_id

    left join salesforce_accounts
        on
            account_records.source = 'salesforce'
            and account_records.source_id = salesforce_accounts.salesforce_account_id

    left join companies
        on
            account_records.source = 'firmographics'
            and account_records.source_id = companies.provider || ':' || companies.company_id

),

records_with_industry_group as (

    select
        records.*,
        industries.industry_group

    from records

    left join industries
        on records.industry = industries.industry

),

statements as (

    {% for attribute, value, value_key in attributes %}
        select
            account_id,
            '{{ attribute }}' as attribute,
            record_id,
            source,
            provider,
            {{ value }} as attribute_value,
            coalesce({{ value_key or 'null' }}, {{ folded_text(value) }}) as value_key,
            is_primary,
            as_of_date
        from records_with_industry_group
        where {{ value }} is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

candidates as (

    select
        statements.account_id,
        statements.attribute,
        statements.record_id,
        statements.source,
        statements.provider,
        statements.attribute_value,
        statements.value_key,
        provider_ranks.provider_rule,
        coalesce(provider_ranks.provider_rank, 99) as provider_rank,
        case when provider_ranks.within_rank = 'primary' and not statements.is_primary then 1 else 0 end
            as primary_rank,
        coalesce(
            {{ dbt.datediff('statements.as_of_date', as_of_date(), 'day') }} > provider_ranks.max_age_days, false
        ) as is_stale,
        statements.as_of_date

    from statements

    left join provider_ranks
        on
            statements.attribute = provider_ranks.attribute
            and statements.source = provider_ranks.source
            and statements.provider = provider_ranks.provider

)

select
    *,
    row_number() over (
        partition by account_id, attribute
        order by is_stale asc, provider_rank asc, primary_rank asc, as_of_date desc nulls last, record_id asc
    ) as candidate_rank
from candidates
order by account_id, attribute, candidate_rank
