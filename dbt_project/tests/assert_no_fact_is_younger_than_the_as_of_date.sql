{{ config(meta={'dagster': {'ref': {'name': 'account_360'}}}) }}
{%- set dated_facts = [
    ('fct_touches', 'occurred_at'), ('fct_touch_days', 'activity_date'), ('fct_intent_days', 'activity_date'),
    ('fct_vendor_surge', 'week_start_date'), ('fct_opportunities', 'created_date'), ('fct_opportunities', 'sqo_date'),
    ('fct_opportunities', 'closed_date'), ('fct_sales_activities', 'occurred_at'), ('fct_ad_days', 'activity_date'),
    ('fct_experiment_assignments', 'assigned_at'), ('account_360', 'last_touch_at'), ('account_360', 'first_worked_date')
] -%}

with

facts as (

    {% for model, moment in dated_facts %}
        select
            '{{ model }}' as model,
            cast({{ moment }} as timestamp) as moment_at

        from {{ ref(model) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select
    model,
    max(moment_at) as youngest_at

from facts

where moment_at >= {{ as_of_end() }}

group by model
