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

salesforce_accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

companies as (

    select * from {{ ref('stg_firmographics__companies') }}

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

account_hierarchy as (

    select * from {{ source('identity', 'account_hierarchy') }}

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

-- The CRM speaks first, its primary record before the others; then the newest firmographic record.
records as (

    select
        account_records.account_id,
        account_records.record_id,
        account_records.source,
        account_records.is_primary,
        company_records.company_name,
        company_records.country_code,
        company_records.region,
        company_records.first_seen_date,
        account_domains.registrable_domain as domain,
        salesforce_accounts.salesforce_account_id,
        salesforce_accounts.salesforce_owner_id,
        salesforce_accounts.account_type,
        coalesce(salesforce_accounts.industry, companies.industry) as industry,
        coalesce(salesforce_accounts.employees_count, companies.employees_count) as employees_count,
        coalesce(salesforce_accounts.annual_revenue_usd, companies.revenue_usd) as revenue_usd,
        companies.founded_year,
        row_number() over (
            partition by account_records.account_id
            order by
                case when account_records.is_primary then 0 else 1 end asc,
                case account_records.source when 'salesforce' then 1 when 'firmographics' then 2 else 3 end asc,
                companies.as_of_date desc nulls last,
                account_records.record_id asc
        ) as record_rank

    from account_records

    inner join company_records
        on account_records.record_id = company_records.record_id

    left join record_keys
        on account_records.record_id = record_keys.record_id

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

filled_records as (

    select
        account_id,
        record_rank,
        source,
        company_name,
        case when source = 'salesforce' then salesforce_account_id end as salesforce_account_id,
        case when source = 'salesforce' then salesforce_owner_id end as salesforce_owner_id,
        {{ first_filled('domain', 'account_id', 'record_rank') }} as domain,
        {{ first_filled('country_code', 'account_id', 'record_rank') }} as country_code,
        {{ first_filled('region', 'account_id', 'record_rank') }} as region,
        {{ first_filled('industry', 'account_id', 'record_rank') }} as industry,
        {{ first_filled('account_type', 'account_id', 'record_rank') }} as account_type,
        {{ first_filled('employees_count', 'account_id', 'record_rank') }} as employees_count,
        {{ first_filled('revenue_usd', 'account_id', 'record_rank') }} as revenue_usd,
        {{ first_filled('founded_year', 'account_id', 'record_rank') }} as founded_year

    from records

),

best_records as (

    select * from filled_records
    where record_rank = 1

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
    best_records.account_id,
    best_records.salesforce_account_id,
    best_records.salesforce_owner_id,
    best_records.company_name as account_name,
    best_records.domain as primary_domain,
    best_records.country_code,
    best_records.region,
    best_records.industry,
    industries.industry_group,
    best_records.account_type as crm_type,
    account_hierarchy.parent_account_id,
    coalesce(account_hierarchy.ultimate_parent_account_id, best_records.account_id) as ultimate_parent_account_id,
    technologies.technologies,
    cast(best_records.employees_count as bigint) as employees_count,
    cast(best_records.revenue_usd as double) as revenue_usd,
    cast(best_records.founded_year as integer) as founded_year,
    cast(coalesce(technologies.technology_count, 0) as bigint) as technology_count,
    cast(record_counts.crm_record_count as bigint) as crm_record_count,
    cast(record_counts.source_record_count as bigint) as source_record_count,
    record_counts.crm_record_count > 0 as is_in_crm,
    coalesce(wins.has_won, false) or (record_counts.is_typed_customer and later_wins.account_id is null) as is_customer,
    record_counts.created_date
from best_records
inner join record_counts
    on best_records.account_id = record_counts.account_id
left join industries
    on best_records.industry = industries.industry
left join account_hierarchy
    on best_records.account_id = account_hierarchy.account_id
left join technologies
    on best_records.account_id = technologies.account_id
left join wins
    on best_records.account_id = wins.account_id
left join later_wins
    on best_records.account_id = later_wins.account_id
order by best_records.account_id
