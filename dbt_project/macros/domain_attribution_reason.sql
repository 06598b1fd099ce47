{#
    Why a host leads to an account or to none. Reads the relations `domain_keys` and `account_domains` of the model that
    calls it. `found` is the reason when it does lead to an account; `text` is the text that the host was taken from.
#}
{% macro domain_attribution_reason(found, text) -%}
    case
        when account_domains.account_id is not null then '{{ found }}'
        when {{ text }} is null then 'no_identity'
        when domain_keys.domain_kind = 'free_mail' then 'free_mail'
        when domain_keys.domain_kind = 'isp' then 'internet_provider'
        when domain_keys.domain_kind in ('shared_host', 'url_host') then 'shared_host'
        when domain_keys.domain_kind = 'shared' then 'shared_domain'
        when domain_keys.domain_kind in ('invalid', 'none') then 'invalid_domain'
        when
            domain_keys.registrable_domain in (select companies.registrable_domain from {{ source('identity', 'record_keys') }} as companies)
            then 'shared_domain'
        else 'unknown_domain'
    end
{%- endmacro %}
