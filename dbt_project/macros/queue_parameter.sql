{# Value of a row of seeds/rules/queue_parameters.csv, as a scalar subquery. #}
{% macro queue_parameter(name) -%}
    (select value from {{ ref('queue_parameters') }} where parameter = '{{ name }}')
{%- endmacro %}
