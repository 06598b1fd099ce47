{{ config(meta={'dagster': {'ref': {'name': 'sync_salesforce_accounts'}}}) }}
with

tiers as (

    select * from {{ ref('account_tiers') }}
    where tier = 'Tier 1'

),

sync_accounts as (

    select * from {{ ref('sync_salesforce_accounts') }}
    where is_primary

)

select tiers.account_id
from tiers
left join sync_accounts
    on tiers.account_id = sync_accounts.abm_account_key
where sync_accounts.top_reasons is null
