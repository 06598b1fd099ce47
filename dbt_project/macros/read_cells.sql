{#
    Readers of source cells, all of which arrive as text. A cell that cannot be read becomes null; a required cell that
    cannot be read never gets this far, because the loader has rejected its row by the same rules (loading/readable.py).
    They are dispatched, so another engine overrides one macro and no model changes.
#}


{# Text without surrounding blanks; an empty cell is null. #}
{% macro to_text(text) -%}
    nullif(trim({{ text }}), '')
{%- endmacro %}


{#
    UTC timestamp. Reads ISO 8601 with T or space, an optional fraction of a second and an optional offset (Z, +09:00,
    +0900, none = UTC), YYYY/MM/DD with or without a time, and YYYY年M月D日. A date alone is its midnight.
#}
{% macro to_timestamp(text) -%}
    {{ return(adapter.dispatch('to_timestamp', 'abm360')(text)) }}
{%- endmacro %}

{% macro default__to_timestamp(text) -%}
    {%- set iso -%}
        regexp_replace(trim({{ text }}), '^(\d{4})年(\d{1,2})月(\d{1,2})日$', '\1-\2-\3')
    {%- endset -%}
    {%- set date_pattern = '\\d{4}[-/]\\d{1,2}[-/]\\d{1,2}' -%}
    {%- set time_pattern = '\\d{1,2}:\\d{2}(:\\d{2}(\\.\\d+)?)?' -%}
    {%- set offset_pattern = '(Z|[+-]\\d{2}(:?\\d{2})?)?' -%}
    case
        when regexp_full_match({{ iso }}, '{{ date_pattern }}([T ]{{ time_pattern }}{{ offset_pattern }})?')
            then try_cast({{ iso }} as timestamptz) at time zone 'UTC'
    end
{%- endmacro %}


{# The date that a cell says, read as `to_timestamp` reads it (the UTC date when it has a time). #}
{% macro to_date(text) -%}
    cast({{ to_timestamp(text) }} as date)
{%- endmacro %}


{# Number. Full-width digits, thousands commas and one leading currency sign are understood: `€1,600,000` is 1600000. #}
{% macro to_number(text) -%}
    {{ return(adapter.dispatch('to_number', 'abm360')(text)) }}
{%- endmacro %}

{% macro default__to_number(text) -%}
    {%- set plain -%} trim(translate({{ text }}, '０１２３４５６７８９，．－＋￥＄', '0123456789,.-+¥$')) {%- endset -%}
    {%- set bare -%} replace(regexp_replace({{ plain }}, '^([-+]?)\s*[€$£¥]\s*', '\1'), ',', '') {%- endset -%}
    case
        when regexp_full_match({{ bare }}, '[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?') then try_cast({{ bare }} as double)
    end
{%- endmacro %}


{# Whole number: `to_number` rounded; null outside what a count can be (negative, or 1e15 and more). #}
{% macro to_count(text) -%}
    case when {{ to_number(text) }} between 0 and 1e15 then cast(round({{ to_number(text) }}) as bigint) end
{%- endmacro %}


{# Boolean: true, false, 1 or 0 in any case. #}
{% macro to_boolean(text) -%}
    case lower(trim({{ text }}))
        when 'true' then true
        when '1' then true
        when 'false' then false
        when '0' then false
    end
{%- endmacro %}


{# The text of a key of a JSON object; null when the text is no JSON object or lacks the key. #}
{% macro json_text(text, key) -%}
    {{ return(adapter.dispatch('json_text', 'abm360')(text, key)) }}
{%- endmacro %}

{% macro default__json_text(text, key) -%}
    case when json_valid({{ text }}) then json_extract_string({{ text }}, '$.{{ key }}') end
{%- endmacro %}
