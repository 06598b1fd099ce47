{# Rows whose value lies outside [min_value, max_value]; null passes, an absent bound is no bound. #}
{% test in_range(model, column_name, min_value=none, max_value=none) %}

select {{ column_name }}

from {{ model }}

where
    {{ column_name }} < {{ column_name if min_value is none else min_value }}
    or {{ column_name }} > {{ column_name if max_value is none else max_value }}

{% endtest %}
