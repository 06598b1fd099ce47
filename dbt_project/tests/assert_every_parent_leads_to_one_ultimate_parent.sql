-- A roll-up to the top must end, in the same place for an account and for its parent. A circle would break this, as
-- each account in it is one step further from the top than the next.
{{ config(meta={'dagster': {'ref': {'name': 'dim_accounts'}}}) }}

with

accounts as (

    select * from {{ ref('dim_accounts') }}

),

account_hierarchy as (

    select * from {{ source('identity', 'account_hierarchy') }}

)

select account_hierarchy.account_id
from account_hierarchy
left join account_hierarchy as parents
    on account_hierarchy.parent_account_id = parents.account_id
left join accounts as tops
    on account_hierarchy.ultimate_parent_account_id = tops.account_id
where
    account_hierarchy.level <> coalesce(parents.level, 0) + 1
    or account_hierarchy.ultimate_parent_account_id
    <> coalesce(parents.ultimate_parent_account_id, account_hierarchy.parent_account_id)
    or tops.account_id is null
    or tops.parent_account_id is not null
