{{ config(meta={'dagster': {'ref': {'name': 'sync_salesforce_queue_items'}}}) }}
-- Every contact that a sync table names has a permission for what is sent about it.
with

sync_contacts as (

    select
        salesforce_contact_id,
        'profiling' as purpose
    from {{ ref('sync_salesforce_contacts') }}

    union all

    select
        salesforce_contact_id,
        'sales_outreach' as purpose
    from {{ ref('sync_salesforce_queue_items') }}

),

contacts as (

    select * from {{ ref('dim_contacts') }}

),

permissions as (

    select * from {{ ref('permissions') }}
    where is_permitted

),

permitted_purposes as (

    select distinct
        contacts.salesforce_contact_id,
        permissions.purpose

    from permissions

    inner join contacts
        on permissions.contact_id = contacts.contact_id

)

select sync_contacts.*
from sync_contacts
left join permitted_purposes
    on
        sync_contacts.salesforce_contact_id = permitted_purposes.salesforce_contact_id
        and sync_contacts.purpose = permitted_purposes.purpose
where permitted_purposes.purpose is null
