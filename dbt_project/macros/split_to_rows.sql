{# One row per element of a '|'-separated list column, beside the key columns; empty elements are left out. #}
{% macro split_to_rows(relation, key, column, separator='|') -%}
    {{ return(adapter.dispatch('split_to_rows', 'abm360')(relation, key, column, separator)) }}
{%- endmacro %}

{% macro default__split_to_rows(relation, key, column, separator) -%}
    select {{ key | join(', ') }}, trim(element) as {{ column }}
    from (
        select {{ key | join(', ') }}, unnest(string_split({{ column }}, '{{ separator }}')) as element
        from {{ relation }}
        where {{ column }} is not null
    ) as elements
    where trim(element) <> ''
{%- endmacro %}
