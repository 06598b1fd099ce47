{# Rows where `parts` (null counts as zero) do not add up to the column within `tolerance`. #}
{% test sums_to(model, column_name, parts, tolerance=0) %}

select *

from {{ model }}

where
    abs(
        {{ column_name }}
        - ({% for part in parts %}coalesce({{ part }}, 0){{ ' + ' if not loop.last }}{% endfor %})
    ) > {{ tolerance }}

{% endtest %}
