{{ config(meta={'dagster': {'ref': {'name': 'sync_salesforce_accounts'}}}) }}
-- One account key stands on one record, one contact has one row, and a rep sees an account once.
select
    'abm_account_key' as key_name,
    abm_account_key as key_value
from {{ ref('sync_salesforce_accounts') }}
where abm_account_key is not null
group by abm_account_key
having count(*) > 1

union all

select
    'salesforce_contact_id' as key_name,
    salesforce_contact_id as key_value
from {{ ref('sync_salesforce_contacts') }}
group by salesforce_contact_id
having count(*) > 1

union all

select
    'queue item of an account' as key_name,
    salesforce_account_id as key_value
from {{ ref('sync_salesforce_queue_items') }}
group by salesforce_account_id
having count(*) > 1
