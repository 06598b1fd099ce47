{#- Attributes of the golden record that are columns here. -#}
{%- set attributes = [
    'company_name', 'domain', 'country_code', 'region', 'industry', 'crm_type', 'employees_count', 'revenue_usd',
    'founded_year'
] -%}

with

account_records as (

    select * from {{ ref('dim_account_records') }}

),

salesforce_accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

account_attributes as (

    select * from {{ ref('account_attributes') }}

),

account_hierarchy as (

    select * from {{ source('identity', 'account_hierarchy') }}

),

company_records as (

    select * from {{ ref('company_records') }}

),

installs as (

    select * from {{ ref('stg_technographics__installs') }}

),

domain_keys as (

    select * from {{ source('identity', 'domain_keys') }}

),

account_domains as (

    select * from {{ ref('account_domains') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

newest_opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

industries as (

    select * from {{ ref('int_industries_grouped') }}

),

golden_records as (

    select
        {% for attribute in attributes %}
            max(case when attribute = '{{ attribute }}' then attribute_value end) as {{ attribute }},
        {% endfor %}
        account_id

    from account_attributes

    group by account_id

),

records as (

    select
        account_records.account_id,
        account_records.record_id,
        account_records.source,
        account_records.is_primary,
        company_records.first_seen_date,
        salesforce_accounts.salesforce_account_id,
        salesforce_accounts.salesforce_owner_id,
        salesforce_accounts.account_type

    from account_records

    inner join company_records
        on account_records.record_id = company_records.record_id

    left join salesforce_accounts
        on
            account_records.source = 'salesforce'
            and account_records.source_id = salesforce_accounts.salesforce_account_id

),

primary_records as (

    select * from records
    where is_primary

),

record_counts as (

    select
        account_id,
        sum(case when source = 'salesforce' then 1 else 0 end) as crm_record_count,
        count(*) as source_record_count,
        max(case when lower(account_type) = 'customer' then 1 else 0 end) = 1 as is_typed_customer,
        coalesce(min(case when source = 'salesforce' then first_seen_date end), min(first_seen_date)) as created_date

    from records

    group by account_id

),

account_technologies as (

    select distinct
        account_domains.account_id,
        installs.technology

    from installs

    inner join domain_keys
        on installs.host = domain_keys.host

    inner join account_domains
        on
            domain_keys.registrable_domain = account_domains.registrable_domain
            and domain_keys.domain_kind = 'company'

    where
        installs.last_seen_date is null
        or {{ dbt.datediff('installs.last_seen_date', as_of_date(), 'day') }}
        <= {{ mart_parameter('technology_stale_days') }}

),

technologies as (

    select
        account_id,
        count(*) as technology_count,
        {{ dbt.listagg('technology', "'|'", 'order by technology') }} as technologies

    from account_technologies

    group by account_id

),

wins as (

    select
        account_id,
        max(case when is_won then 1 else 0 end) = 1 as has_won

    from opportunities

    group by account_id

),

-- The type field has no history. Where the win that made a customer is known to be later than the as-of date, the
-- account was not a customer yet.
later_wins as (

    select distinct account_records.account_id

    from newest_opportunities

    inner join account_records
        on 'salesforce:' || newest_opportunities.salesforce_account_id = account_records.record_id

    where newest_opportunities.is_won

)

select
    primary_records.account_id,
    primary_records.salesforce_account_id,
    primary_records.salesforce_owner_id,
    golden_records.company_name as account_name,
    golden_records.domain as primary_domain,
    golden_records.country_code,
    golden_records.region,
    golden_records.industry,
    industries.industry_group,
    golden_records.crm_type,
    account_hierarchy.parent_account_id,
    coalesce(account_hierarchy.ultimate_parent_account_id, primary_records.account_id) as ultimate_parent_account_id,
    technologies.technologies,
    cast(golden_records.employees_count as bigint) as employees_count,
    cast(golden_records.revenue_usd as double) as revenue_usd,
    cast(golden_records.founded_year as integer) as founded_year,
    cast(coalesce(technologies.technology_count, 0) as bigint) as technology_count,
    cast(record_counts.crm_record_count as bigint) as crm_record_count,
    cast(record_counts.source_record_count as bigint) as source_record_count,
    record_counts.crm_record_count > 0 as is_in_crm,
    coalesce(wins.has_won, false) or (record_counts.is_typed_customer and later_wins.account_id is null) as is_customer,
    record_counts.created_date
from primary_records
inner join record_counts
    on primary_records.account_id = record_counts.account_id
left join golden_records
    on primary_records.account_id = golden_records.account_id
left join industries
    on golden_records.industry = industries.industry
left join account_hierarchy
    on primary_records.account_id = account_hierarchy.account_id
left join technologies
    on primary_records.account_id = technologies.account_id
left join wins
    on primary_records.account_id = wins.account_id
left join later_wins
    on primary_records.account_id = later_wins.account_id
order by primary_records.account_id
