{{ config(meta={'dagster': {'ref': {'name': 'account_tiers'}}}) }}
-- Without this a night whose scores are missing would empty the fields of the CRM.
with

accounts as (

    select * from {{ ref('account_360') }}

),

tiers as (

    select * from {{ ref('account_tiers') }}

)

select accounts.account_id
from accounts
left join tiers
    on accounts.account_id = tiers.account_id
where tiers.account_id is null
