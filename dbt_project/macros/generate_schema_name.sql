{# The folder's schema as it is written, without dbt's usual target prefix: marts/account_360.sql is marts.account_360. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
