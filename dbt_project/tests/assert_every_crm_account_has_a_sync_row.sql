{{ config(meta={'dagster': {'ref': {'name': 'sync_salesforce_accounts'}}}) }}
-- Every account record of the CRM that is not deleted gets a row, and a duplicate points at a record that gets one too.
with

crm_accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}
    where not coalesce(is_deleted, false)

),

sync_accounts as (

    select * from {{ ref('sync_salesforce_accounts') }}

),

primary_records as (

    select * from {{ ref('sync_salesforce_accounts') }}
    where is_primary

)

select
    crm_accounts.salesforce_account_id,
    'has no row' as problem
from crm_accounts
left join sync_accounts
    on crm_accounts.salesforce_account_id = sync_accounts.salesforce_account_id
where sync_accounts.salesforce_account_id is null

union all

select
    sync_accounts.salesforce_account_id,
    'is no live record of the CRM' as problem
from sync_accounts
left join crm_accounts
    on sync_accounts.salesforce_account_id = crm_accounts.salesforce_account_id
where crm_accounts.salesforce_account_id is null

union all

select
    sync_accounts.salesforce_account_id,
    'points at no primary record' as problem
from sync_accounts
left join primary_records
    on sync_accounts.duplicate_of_salesforce_account_id = primary_records.salesforce_account_id
where not sync_accounts.is_primary and primary_records.salesforce_account_id is null
