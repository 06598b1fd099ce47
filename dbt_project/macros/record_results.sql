{#
    Keeps the newest result of every model, seed, test and unit test in delivery.test_results, one row per resource,
    after every dbt command that runs something, by hand or not. Delivery refuses to write while a row of severity
    'error' has a status other than pass, success or warn.
    Rows of resources that no longer exist are removed: dbt's graph lists models, seeds and tests; it does not list unit
    tests, so those of a model are replaced as a set by each `dbt build` of that model.
#}
{% macro record_results(results) -%}
    {%- if execute and results -%}
        {%- set built_models = [] -%}
        {%- set as_of = as_of_date() if var('as_of_date', none) is not none else 'cast(null as date)' -%}
        {%- set is_build = flags.WHICH == 'build'
            and not invocation_args_dict.get('resource_types') and not invocation_args_dict.get('exclude_resource_types') -%}
        {%- for result in results if is_build and result.node.resource_type == 'model' -%}
            {%- do built_models.append(result.node.name) -%}
        {%- endfor -%}

        create schema if not exists delivery;

        create table if not exists delivery.test_results (
            unique_id varchar, resource_type varchar, severity varchar, status varchar, failures bigint,
            message varchar, invocation_id varchar, as_of_date date
        );

        delete from delivery.test_results
        where
            unique_id in (
                {%- for result in results %}{{ sql_text(result.node.unique_id) }}{{ ', ' if not loop.last }}{% endfor -%}
            )
            or (
                resource_type <> 'unit_test'
                and unique_id not in (
                    {%- for id in graph.nodes %}{{ sql_text(id) }}{{ ', ' if not loop.last }}{% endfor -%}
                )
            )
            {%- for model in built_models %}
            or starts_with(unique_id, {{ sql_text('unit_test.' ~ project_name ~ '.' ~ model ~ '.') }})
            {%- endfor %};

        insert into delivery.test_results values
        {%- for result in results %}
            {%- set node = result.node %}
            (
                {{ sql_text(node.unique_id) }}, {{ sql_text(node.resource_type | string) }},
                {{ sql_text(node.config.severity | lower if node.resource_type == 'test' else 'error') }},
                {{ sql_text(result.status | string) }},
                {{ result.failures if result.failures is not none else 'null' }},
                {{ sql_text((result.message | string)[:500]) if result.message is not none else 'null' }},
                {{ sql_text(invocation_id) }}, {{ as_of }}
            ){{ ',' if not loop.last }}
        {%- endfor %};
    {%- endif -%}
{%- endmacro %}


{# A text as an SQL string literal. #}
{% macro sql_text(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}
