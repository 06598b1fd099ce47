{#
    Texts of several sources become joinable here, and only here.
#}


{# An e-mail address in lower case, null when the text is not one address (no @, blanks inside, no dot in the host). #}
{% macro email_key(text) -%}
    {%- set folded -%} lower(trim({{ text }})) {%- endset -%}
    case when regexp_full_match({{ folded }}, '[^@\s<>,;:"]+@[^@\s<>,;:"]+\.[^@\s<>,;:".]+') then {{ folded }} end
{%- endmacro %}


{# The host of an address that `email_key` made. #}
{% macro email_host(email) -%}
    {{ dbt.split_part(email, "'@'", 2) }}
{%- endmacro %}


{#
    The host of a domain or URL as a source wrote it: lower case, without scheme, user, port, path and a final dot.
    Which part of it is registrable is for identity.domain_keys to say; SQL never parses public suffixes.
#}
{% macro host_key(text) -%}
    nullif(
        regexp_replace(
            regexp_replace(lower(trim({{ text }})), '^[a-z][a-z0-9+.-]*://', ''), '^([^/?#]*@)?([^/?#:]*?)\.?([:/?#].*)?$', '\2'
        ),
        ''
    )
{%- endmacro %}


{# Key of a person: the e-mail address, or the CRM id of a contact that has none. #}
{% macro contact_key(email, salesforce_contact_id=none) -%}
    case
        when {{ email }} is not null then 'con_' || md5({{ email }})
        {%- if salesforce_contact_id is not none %}
        when {{ salesforce_contact_id }} is not null then 'con_' || md5({{ salesforce_contact_id }})
        {%- endif %}
    end
{%- endmacro %}


{# Text in its usual width and lower case: full-width letters and digits, half-width kana, ideographic space. #}
{% macro folded_text(text) -%}
    {{ return(adapter.dispatch('folded_text', 'abm360')(text)) }}
{%- endmacro %}

{#
    DuckDB has NFC but not NFKC. Half-width kana become full-width kana and the sound marks become combining ones, which
    NFC then joins to their letter; the rest of NFKC that titles and topics meet is a one-to-one table.
#}
{% macro default__folded_text(text) -%}
    {%- set narrow_kana = 'ｦｧｨｩｪｫｬｭｮｯｰｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝﾞﾟ｡｢｣､･' -%}
    {%- set wide_kana = 'ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン\u3099\u309a。「」、・' -%}
    {%- set wide_ascii = '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～　' -%}
    {%- set ascii = "!\"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~ " -%}
    trim(lower(nfc_normalize(translate({{ text }}, '{{ narrow_kana ~ wide_ascii }}', '{{ wide_kana ~ ascii }}'))))
{%- endmacro %}


{# ISO code of a country: that of its alias in rules.countries where there is one, else two letters as they stand. #}
{% macro iso_country_code(country, alias_country_code) -%}
    coalesce(
        {{ alias_country_code }},
        case when {{ matches(folded_text(country), "'^[a-z]{2}$'") }} then upper({{ folded_text(country) }}) end
    )
{%- endmacro %}
