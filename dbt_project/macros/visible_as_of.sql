{#
    True for a row of the first load whose source gave no loading time, so that the loader stamped the end of that night:
    what was there when the warehouse began. It was known to the company from the day that it describes; rows that came
    later, or with a loading time of their own, were known from then.
#}
{% macro was_there_from_the_start(loaded_at) -%}
    coalesce(
        {{ to_text(loaded_at) }} like '%T23:59:59Z' and {{ to_text(loaded_at) }} = min({{ to_text(loaded_at) }}) over (),
        false
    )
{%- endmacro %}

{#
    True for a record that was known at the as-of date: it happened before the end of that day and was loaded before
    the end of that day. A record without `loaded_at` counts as loaded in time.
    `occurred_at` is a timestamp or a date; pass none for records that have no time of their own (CRM users).
    `is_undated_visible`: whether a record whose time is null is kept (only where the contract does not require it).
#}
{% macro visible_as_of(occurred_at, loaded_at='loaded_at', is_undated_visible=false) -%}
    (
        {%- if occurred_at is not none %}
        {% if is_undated_visible -%}
            ({{ occurred_at }} < {{ as_of_end() }} or {{ occurred_at }} is null)
        {%- else -%}
            {{ occurred_at }} < {{ as_of_end() }}
        {%- endif %}
        and {% endif -%}
        ({{ loaded_at }} < {{ as_of_end() }} or {{ loaded_at }} is null)
    )
{%- endmacro %}
