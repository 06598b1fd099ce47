{%- set sources = [
    'stg_salesforce__contacts', 'stg_web__page_views', 'stg_product__events', 'stg_map__email_events',
    'stg_map__form_fills', 'stg_events__attendance', 'stg_support__tickets'
] -%}

with

emails as (

    {% for model in sources %}
        select email from {{ ref(model) }}
        {% if not loop.last %}union{% endif %}
    {% endfor %}

),

domain_keys as (

    select * from {{ source('identity', 'domain_keys') }}

),

account_domains as (

    select * from {{ ref('account_domains') }}

),

emails_attributed as (

    select
        emails.email,
        {{ email_host('emails.email') }} as host,
        domain_keys.registrable_domain,
        domain_keys.domain_kind,
        account_domains.account_id,
        case
            when account_domains.attribution_reason = 'alias_domain' then 'email_alias_domain'
            else {{ domain_attribution_reason('email_domain', 'emails.email') }}
        end as attribution_reason

    from emails

    left join domain_keys
        on {{ email_host('emails.email') }} = domain_keys.host

    left join account_domains
        on
            domain_keys.registrable_domain = account_domains.registrable_domain
            and domain_keys.domain_kind = 'company'

    where emails.email is not null

)

select * from emails_attributed
order by email
