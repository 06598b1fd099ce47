{{ config(meta={'dagster': {'ref': {'name': 'sdr_queue'}}}) }}
-- Told from the statements and the CRM alone, without the models that the queue is made by.
with

sdr_queue as (

    select * from {{ ref('sdr_queue') }}

),

contacts as (

    select * from {{ ref('dim_contacts') }}

),

crm_contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

consent_states as (

    select * from {{ ref('fct_consent_states') }}
    where purpose = 'sales_outreach'

),

queue_statements as (

    select
        sdr_queue.queue_item_key,
        sdr_queue.channel,
        crm_contacts.salesforce_contact_id,
        crm_contacts.has_opted_out_of_email,
        crm_contacts.do_not_call,
        coalesce(crm_contacts.is_deleted, true) as is_deleted,
        count(consent_states.email) as statement_count,
        count(case when not consent_states.is_granted then 1 end) as refusal_count

    from sdr_queue

    left join contacts
        on sdr_queue.contact_id = contacts.contact_id

    left join crm_contacts
        on sdr_queue.salesforce_contact_id = crm_contacts.salesforce_contact_id

    left join consent_states
        on
            contacts.email = consent_states.email
            and consent_states.channel in ('any', sdr_queue.channel)

    group by
        sdr_queue.queue_item_key,
        sdr_queue.channel,
        crm_contacts.salesforce_contact_id,
        crm_contacts.has_opted_out_of_email,
        crm_contacts.do_not_call,
        crm_contacts.is_deleted

)

select * from queue_statements
where
    statement_count = 0
    or refusal_count > 0
    or is_deleted
    or (channel = 'email' and coalesce(has_opted_out_of_email, true))
    or (channel = 'phone' and coalesce(do_not_call, true))
