{# One row when less than `at_least` (0-1) of the rows have a value; an empty table passes. #}
{% test not_null_proportion(model, column_name, at_least) %}

select
    count(*) as row_count,
    count({{ column_name }}) as filled_count

from {{ model }}

having count({{ column_name }}) < {{ at_least }} * count(*)

{% endtest %}
