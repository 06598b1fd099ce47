{{ config(meta={'dagster': {'ref': {'name': 'stg_web__page_views'}}}) }}
-- A hint that an export has stopped; the run goes on with what there is. Empty sources are not in use.
{{ config(severity='warn') }}

{%- set sources = [
    'stg_web__page_views', 'stg_product__events', 'stg_intent__topic_events', 'stg_salesforce__accounts'
] %}

with

last_loads as (

    {% for model in sources %}
        select
            '{{ model }}' as model,
            max(loaded_at) as last_loaded_at

        from {{ ref(model) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select *
from last_loads
where last_loaded_at < {{ days_before_as_of(7) }}
