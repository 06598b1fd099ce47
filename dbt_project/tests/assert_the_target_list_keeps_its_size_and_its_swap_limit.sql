{{ config(meta={'dagster': {'ref': {'name': 'target_list'}}}) }}
-- Told from what was written. Beyond the size only an exception or a comparison group has a place.
with

target_list as (

    select * from {{ ref('target_list') }}

),

quarters as (

    select * from {{ source('scoring', 'target_list_quarters') }}
    where set_on_date <= {{ as_of_date() }}

),

changes as (

    select * from {{ source('scoring', 'target_list_changes') }}
    where as_of_date <= {{ as_of_date() }}

),

sizes as (

    select
        list_quarter,
        sum(case when is_on_target_list and not is_exception and target_list_reason <> 'holdout' then 1 else 0 end)
            as member_count

    from target_list

    group by list_quarter

),

swaps as (

    select
        list_quarter,
        as_of_date,
        sum(case when counts_as_swap then 1 else 0 end) as swap_count

    from changes

    group by list_quarter, as_of_date

)

select
    quarters.list_quarter,
    sizes.member_count,
    swaps.swap_count
from quarters
left join sizes
    on quarters.list_quarter = sizes.list_quarter
left join swaps
    on
        quarters.list_quarter = swaps.list_quarter
        and quarters.set_on_date = swaps.as_of_date
where sizes.member_count > quarters.list_size or swaps.swap_count > quarters.swap_limit
