with

metric_items as (

    select * from {{ ref('int_metric_items') }}

),

metric_levels as (

    select * from {{ ref('metric_levels') }}

),

account_sites as (

    select * from {{ ref('account_sites') }}

)

select
    metric_items.account_id,
    metric_items.site_id,
    metric_items.metric,
    account_sites.site_name,
    account_sites.is_headquarters,
    cast(count(*) as bigint) as item_count,
    cast(sum(metric_items.item_value) as decimal(38, 2)) as site_value
from metric_items
inner join metric_levels
    on metric_items.metric = metric_levels.metric
left join account_sites
    on metric_items.site_id = account_sites.site_id
where metric_levels.level = 'site'
group by
    metric_items.account_id, metric_items.site_id, metric_items.metric, account_sites.site_name,
    account_sites.is_headquarters
order by metric_items.account_id, metric_items.site_id, metric_items.metric
