{#- The models whose domains and e-mail addresses name a network, a website or a mail host. -#}
{%- set models_with_host = [
    'stg_technographics__installs', 'stg_intent__topic_events', 'stg_intent__vendor_surge', 'stg_web__page_views',
    'stg_ads__audience_matches', 'stg_ads__impressions', 'stg_experiments__assignments'
] -%}
{%- set models_with_email = [
    'stg_salesforce__contacts', 'stg_web__page_views', 'stg_product__events', 'stg_map__email_events',
    'stg_map__form_fills', 'stg_events__attendance', 'stg_support__tickets'
] -%}

with

company_records as (

    select * from {{ ref('company_records') }}

),

other_domains as (

    {{ split_to_rows('company_records', ['record_id'], 'other_domains') }}

),

emails as (

    {% for model in models_with_email %}
        select distinct email from {{ ref(model) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

distinct_emails as (

    select distinct email from emails

),

hosts as (

    {% for model in models_with_host %}
        select distinct host from {{ ref(model) }}
        union all
    {% endfor %}
    select {{ host_key('domain') }} as host from company_records
    union all
    select {{ host_key('other_domains') }} as host from other_domains
    union all
    select {{ email_host('email') }} as host from distinct_emails

)

select distinct host
from hosts
where host is not null and host <> ''
order by host
