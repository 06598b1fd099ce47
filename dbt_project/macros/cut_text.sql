{#
    The text, at most `length` characters long. A longer one loses its last, cut word and ends in an ellipsis. Chinese
    characters and kana stand without blanks between words, so they are cut anywhere.
#}
{% macro cut_text(text, length=255) -%}
    {{ return(adapter.dispatch('cut_text', 'abm360')(text, length)) }}
{%- endmacro %}

{% macro default__cut_text(text, length) -%}
    {%- set letter = '[^\\s\\p{Han}\\p{Hiragana}\\p{Katakana}]' -%}
    {%- set head -%} left({{ text }}, {{ length - 1 }}) {%- endset -%}
    case
        when length({{ text }}) <= {{ length }} then {{ text }}
        when regexp_matches(substr({{ text }}, {{ length - 1 }}, 2), '^{{ letter }}{2}$')
            then coalesce(nullif(rtrim(regexp_replace({{ head }}, '{{ letter }}+$', '')), ''), {{ head }}) || '…'
        else rtrim({{ head }}) || '…'
    end
{%- endmacro %}
