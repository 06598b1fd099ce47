{#
    The day that a run stands for, as a date. No model reads the clock: any past night can be replayed.
    Parsing works without the var (`dbt ls`, `dbt parse`); anything that is sent to the warehouse needs it.
#}
{% macro as_of_date() -%}
    {%- set as_of = var('as_of_date', none) -%}
    {%- if as_of is none -%}
        {%- if execute -%}
            {{ exceptions.raise_compiler_error(
                "The var as_of_date is missing. It is the day that this run stands for, as YYYY-MM-DD.\n"
                "Add it: dbt build --vars '{as_of_date: 2026-10-31}'"
            ) }}
        {%- endif -%}
        {%- set as_of = '1970-01-01' -%}
    {%- endif -%}
    {%- if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', as_of | string) -%}
        {{ exceptions.raise_compiler_error(
            "The var as_of_date is '" ~ as_of ~ "'. Expected a date as YYYY-MM-DD, such as 2026-10-31."
        ) }}
    {%- endif -%}
    cast('{{ as_of }}' as date)
{%- endmacro %}


{# First moment after the as-of date (UTC): a fact is visible when it happened, and was loaded, before it. #}
{% macro as_of_end() -%}
    cast({{ dbt.dateadd('day', 1, as_of_date()) }} as timestamp)
{%- endmacro %}


{# The date `days` days before the as-of date. #}
{% macro days_before_as_of(days) -%}
    cast({{ dbt.dateadd('day', -days, as_of_date()) }} as date)
{%- endmacro %}
