{#- Every attribute that a company record can fill. -#}
{%- set attributes = [
    'company_name', 'name_en', 'name_kana', 'domain', 'country_code', 'region', 'address', 'postal_code', 'phone',
    'industry', 'employees_count', 'revenue_usd', 'founded_year', 'capital_jpy', 'corporate_number', 'lei', 'duns',
    'crm_type'
] -%}

with

companies as (

    select * from {{ ref('stg_firmographics__company_versions') }}

),

attribute_providers as (

    select * from {{ ref('attribute_providers') }}

),

attributes as (

    {% for attribute in attributes %}
        select '{{ attribute }}' as attribute
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

providers as (

    select
        'salesforce' as source,
        'salesforce' as provider

    union all

    select
        'product' as source,
        'product' as provider

    union all

    select distinct
        'firmographics' as source,
        provider

    from companies

),

-- The most exact row of the rule file: the attribute before *, the provider before its source before *.
ranked_rules as (

    select
        attributes.attribute,
        providers.source,
        providers.provider,
        attribute_providers.attribute || ' / ' || attribute_providers.provider as provider_rule,
        attribute_providers.provider_rank,
        attribute_providers.within_rank,
        attribute_providers.max_age_days,
        row_number() over (
            partition by attributes.attribute, providers.source, providers.provider
            order by
                case when attribute_providers.attribute = '*' then 1 else 0 end,
                case
                    when attribute_providers.provider = '*' then 2
                    when attribute_providers.provider = providers.provider then 0
                    else 1
                end
        ) as rule_rank

    from attributes

    cross join providers

    inner join attribute_providers
        on
            attribute_providers.attribute in (attributes.attribute, '*')
            and attribute_providers.provider in (providers.provider, providers.source, '*')

)

select
    attribute,
    source,
    provider,
    provider_rule,
    provider_rank,
    within_rank,
    max_age_days
from ranked_rules
where rule_rank = 1
order by attribute, source, provider
