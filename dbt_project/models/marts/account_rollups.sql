with recursive

accounts as (

    select * from {{ ref('dim_accounts') }}

),

metric_items as (

    select * from {{ ref('int_metric_items') }}

),

metric_levels as (

    select * from {{ ref('metric_levels') }}

),

-- Identity gives a forest, so every chain ends; the guard stands for a table that somebody edited.
chains as (

    select
        account_id,
        parent_account_id as ancestor_account_id,
        1 as step_count

    from accounts

    where parent_account_id is not null

    union all

    select
        chains.account_id,
        accounts.parent_account_id as ancestor_account_id,
        chains.step_count + 1 as step_count

    from chains

    inner join accounts
        on chains.ancestor_account_id = accounts.account_id

    where accounts.parent_account_id is not null and chains.step_count < 50

),

account_values as (

    select
        metric_levels.metric,
        metric_levels.level,
        accounts.ultimate_parent_account_id,
        accounts.account_id,
        sum(metric_items.item_value) as own_value

    from metric_items

    inner join metric_levels
        on metric_items.metric = metric_levels.metric

    inner join accounts
        on metric_items.account_id = accounts.account_id

    group by metric_levels.metric, metric_levels.level, accounts.ultimate_parent_account_id, accounts.account_id

),

-- A subsidiary's figure that is not greater than the same figure of a company above it is taken as part of that one. A
-- greater one cannot be: the parent counts only itself.
contained_accounts as (

    select distinct
        account_values.metric,
        account_values.account_id

    from account_values

    inner join chains
        on account_values.account_id = chains.account_id

    inner join account_values as ancestor_values
        on
            chains.ancestor_account_id = ancestor_values.account_id
            and account_values.metric = ancestor_values.metric
            and account_values.own_value <= ancestor_values.own_value

    where account_values.level = 'ultimate_parent'

),

contained_by_family as (

    select
        account_values.ultimate_parent_account_id,
        account_values.metric,
        sum(account_values.own_value) as contained_value

    from account_values

    inner join contained_accounts
        on
            account_values.metric = contained_accounts.metric
            and account_values.account_id = contained_accounts.account_id

    group by account_values.ultimate_parent_account_id, account_values.metric

),

family_items as (

    select
        accounts.ultimate_parent_account_id,
        metric_items.metric,
        metric_items.item_key,
        sum(metric_items.item_value) as item_sum,
        max(metric_items.item_value) as item_value

    from metric_items

    inner join accounts
        on metric_items.account_id = accounts.account_id

    group by accounts.ultimate_parent_account_id, metric_items.metric, metric_items.item_key

),

repeated_by_family as (

    select
        ultimate_parent_account_id,
        metric,
        sum(item_sum - item_value) as repeated_value,
        sum(item_value) as distinct_value

    from family_items

    group by ultimate_parent_account_id, metric

),

family_values as (

    select
        ultimate_parent_account_id,
        metric,
        level,
        count(*) as account_count,
        sum(case when account_id = ultimate_parent_account_id then own_value end) as own_value,
        sum(own_value) as sum_of_accounts

    from account_values

    group by ultimate_parent_account_id, metric, level

),

family_sizes as (

    select
        ultimate_parent_account_id,
        count(*) as family_account_count

    from accounts

    group by ultimate_parent_account_id

)

select
    family_values.ultimate_parent_account_id,
    family_values.metric,
    family_values.level,
    family_sizes.family_account_count,
    family_values.account_count,
    cast(family_values.own_value as decimal(38, 2)) as own_value,
    cast(family_values.sum_of_accounts as decimal(38, 2)) as sum_of_accounts,
    cast(
        case
            when family_values.level = 'ultimate_parent' then coalesce(contained_by_family.contained_value, 0)
            else repeated_by_family.repeated_value
        end as decimal(38, 2)
    ) as double_counted,
    cast(
        case
            when family_values.level = 'ultimate_parent'
                then family_values.sum_of_accounts - coalesce(contained_by_family.contained_value, 0)
            else repeated_by_family.distinct_value
        end as decimal(38, 2)
    ) as deduplicated_value
from family_values
inner join family_sizes
    on family_values.ultimate_parent_account_id = family_sizes.ultimate_parent_account_id
inner join repeated_by_family
    on
        family_values.ultimate_parent_account_id = repeated_by_family.ultimate_parent_account_id
        and family_values.metric = repeated_by_family.metric
left join contained_by_family
    on
        family_values.ultimate_parent_account_id = contained_by_family.ultimate_parent_account_id
        and family_values.metric = contained_by_family.metric
order by family_values.ultimate_parent_account_id, family_values.metric
