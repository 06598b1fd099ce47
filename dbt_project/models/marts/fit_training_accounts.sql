{#- What fit looks at, with the type that a provider's text is cast to. -#}
{%- set attributes = [
    ('country_code', 'varchar'), ('industry', 'varchar'), ('employees_count', 'bigint'), ('revenue_usd', 'double'),
    ('founded_year', 'integer')
] -%}

with

accounts as (

    select * from {{ ref('account_360') }}
    where first_worked_date is not null

),

account_records as (

    select * from {{ ref('dim_account_records') }}

),

company_versions as (

    select * from {{ ref('stg_firmographics__company_versions') }}

),

countries as (

    select * from {{ ref('countries') }}

),

provider_ranks as (

    select * from {{ ref('int_attribute_provider_ranks') }}

),

industries as (

    select * from {{ ref('int_industries_grouped') }}

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

-- Both the day that a version describes and the day on which we had it are before the index date; what was there when
-- the warehouse began and came without a loading time counts from the day that it describes. The CRM's own fields
-- are not here: it keeps no history of them, so what stands there now may have been written because of the outcome.
known_versions as (

    select
        accounts.account_id,
        accounts.first_worked_date as index_date,
        account_records.record_id,
        company_versions.provider,
        {{ iso_country_code('company_versions.country', 'countries.country_code') }} as country_code,
        company_versions.industry,
        company_versions.employees_count,
        company_versions.revenue_usd,
        company_versions.founded_year,
        company_versions.as_of_date,
        row_number() over (
            partition by accounts.account_id, account_records.record_id
            order by
                company_versions.loaded_at desc nulls last,
                company_versions.as_of_date desc,
                company_versions.company_name asc,
                company_versions.employees_count asc,
                company_versions.revenue_usd asc
        ) as version_rank

    from accounts

    inner join account_records
        on accounts.account_id = account_records.account_id and account_records.source = 'firmographics'

    inner join company_versions
        on account_records.source_id = company_versions.provider || ':' || company_versions.company_id

    left join countries
        on {{ folded_text('company_versions.country') }} = countries.alias

    where
        company_versions.as_of_date < accounts.first_worked_date
        and (
            company_versions.loaded_at is null
            or company_versions.is_from_first_load
            or company_versions.loaded_at < cast(accounts.first_worked_date as timestamp)
        )

),

statements as (

    {% for attribute, type in attributes %}
        select
            account_id,
            index_date,
            '{{ attribute }}' as attribute,
            record_id,
            provider,
            cast({{ attribute }} as varchar) as attribute_value,
            as_of_date
        from known_versions
        where version_rank = 1 and {{ attribute }} is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

ranked_statements as (

    select
        statements.account_id,
        statements.attribute,
        statements.attribute_value,
        row_number() over (
            partition by statements.account_id, statements.attribute
            order by
                coalesce(
                    {{ dbt.datediff('statements.as_of_date', 'statements.index_date', 'day') }}
                    > provider_ranks.max_age_days,
                    false
                ) asc,
                coalesce(provider_ranks.provider_rank, 99) asc,
                statements.as_of_date desc,
                statements.record_id asc
        ) as statement_rank

    from statements

    left join provider_ranks
        on
            statements.attribute = provider_ranks.attribute
            and statements.provider = provider_ranks.provider
            and provider_ranks.source = 'firmographics'

),

attributes_then as (

    select
        {% for attribute, type in attributes %}
            cast(max(case when attribute = '{{ attribute }}' then attribute_value end) as {{ type }})
                as {{ attribute }},
        {% endfor %}
        account_id

    from ranked_statements

    where statement_rank = 1

    group by account_id

),

account_technologies as (

    select distinct
        accounts.account_id,
        installs.technology

    from accounts

    inner join account_domains
        on accounts.account_id = account_domains.account_id

    inner join domain_keys
        on
            account_domains.registrable_domain = domain_keys.registrable_domain
            and domain_keys.domain_kind = 'company'

    inner join installs
        on domain_keys.host = installs.host

    where
        installs.first_seen_date < accounts.first_worked_date
        and (
            installs.loaded_at is null
            or installs.is_from_first_load
            or installs.loaded_at < cast(accounts.first_worked_date as timestamp)
        )
        and (
            installs.last_seen_date is null
            or {{ dbt.datediff('installs.last_seen_date', 'accounts.first_worked_date', 'day') }}
            <= {{ mart_parameter('technology_stale_days') }}
        )

),

technologies_then as (

    select
        account_id,
        count(*) as technology_count,
        {{ dbt.listagg('technology', "'|'", 'order by technology') }} as technologies

    from account_technologies

    group by account_id

)

select
    accounts.account_id,
    accounts.ultimate_parent_account_id,
    attributes_then.country_code,
    industries.industry_group,
    technologies_then.technologies,
    attributes_then.employees_count,
    attributes_then.revenue_usd,
    attributes_then.founded_year,
    cast(coalesce(technologies_then.technology_count, 0) as bigint) as technology_count,
    accounts.is_customer,
    accounts.first_worked_date,
    accounts.first_sqo_date,
    accounts.first_won_date
from accounts
left join attributes_then
    on accounts.account_id = attributes_then.account_id
left join industries
    on attributes_then.industry = industries.industry
left join technologies_then
    on accounts.account_id = technologies_then.account_id
order by accounts.account_id
