{# True when the regular expression is found anywhere in the text (RE2 syntax on DuckDB). #}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'abm360')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}


{# Value of a row of seeds/rules/mart_parameters.csv, as a scalar subquery. #}
{% macro mart_parameter(name) -%}
    (select value from {{ ref('mart_parameters') }} where parameter = '{{ name }}')
{%- endmacro %}
