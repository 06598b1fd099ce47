with

sales_activities as (

    select * from {{ ref('int_sales_activities') }}

),

account_records as (

    select * from {{ ref('dim_account_records') }}

),

crm_contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}
    where not coalesce(is_deleted, false)

)

select
    sales_activities.task_id,
    account_records.account_id,
    {{ contact_key('crm_contacts.email', 'crm_contacts.salesforce_contact_id') }} as contact_id,
    sales_activities.salesforce_owner_id,
    sales_activities.task_type,
    sales_activities.is_completed,
    sales_activities.is_human,
    sales_activities.is_connected,
    sales_activities.activity_date,
    sales_activities.occurred_at
from sales_activities
left join account_records
    on 'salesforce:' || sales_activities.salesforce_account_id = account_records.record_id
left join crm_contacts
    on sales_activities.salesforce_contact_id = crm_contacts.salesforce_contact_id
order by sales_activities.task_id
