{#- Tables of activities, the column that says when a row happened, and their staging model. -#}
{%- set activities = [
    ('web_page_views', 'occurred_at', 'stg_web__page_views'),
    ('product_events', 'occurred_at', 'stg_product__events'),
    ('map_email_events', 'occurred_at', 'stg_map__email_events'),
    ('map_form_fills', 'occurred_at', 'stg_map__form_fills'),
    ('events_attendance', 'occurred_at', 'stg_events__attendance'),
    ('support_tickets', 'created_at', 'stg_support__tickets'),
    ('salesforce_task', 'CreatedDate', 'stg_salesforce__tasks'),
    ('intent_topic_events', 'occurred_at', 'stg_intent__topic_events')
] -%}

with

row_counts as (

    {% for table, occurred_at, model in activities %}
        select
            '{{ table if table != "salesforce_task" else "salesforce_tasks" }}' as source,
            count(*) as raw_row_count,
            count(
                case when {{ visible_as_of(to_timestamp(occurred_at), to_timestamp('loaded_at')) }} then 1 end
            ) as visible_row_count,
            (select count(*) from {{ ref(model) }}) as staged_row_count

        from {{ source('raw', table) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from row_counts
order by source
