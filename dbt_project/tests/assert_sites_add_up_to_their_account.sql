-- A metric that is kept by site is the account's, split: nothing is lost on the way to the family.
{{ config(meta={'dagster': {'ref': {'name': 'site_rollups'}}}) }}

with

site_sums as (

    select
        accounts.ultimate_parent_account_id,
        site_rollups.metric,
        sum(site_rollups.site_value) as site_sum

    from {{ ref('site_rollups') }} as site_rollups

    inner join {{ ref('dim_accounts') }} as accounts
        on site_rollups.account_id = accounts.account_id

    group by accounts.ultimate_parent_account_id, site_rollups.metric

),

family_sums as (

    select
        ultimate_parent_account_id,
        metric,
        sum_of_accounts

    from {{ ref('account_rollups') }}

    where level = 'site'

)

select family_sums.ultimate_parent_account_id
from family_sums
left join site_sums
    on
        family_sums.ultimate_parent_account_id = site_sums.ultimate_parent_account_id
        and family_sums.metric = site_sums.metric
where coalesce(site_sums.site_sum, 0) <> family_sums.sum_of_accounts
