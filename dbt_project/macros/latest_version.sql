{#
    One row per key of a relation that may hold several versions of a record: the version with the greatest
    `version_columns` (null counts as oldest). Versions that are equal there are ordered by the text of the whole row,
    so that the same rows in any order give the same answer.
#}
{% macro latest_version(relation, key, version_columns) -%}
    {{ return(adapter.dispatch('latest_version', 'abm360')(relation, key, version_columns)) }}
{%- endmacro %}

{% macro default__latest_version(relation, key, version_columns) -%}
    select * from {{ relation }}
    qualify
        row_number() over (
            partition by {{ key | join(', ') }}
            order by
                {% for column in version_columns %}{{ column }} desc nulls last, {% endfor %}cast({{ relation }} as varchar)
        ) = 1
{%- endmacro %}
