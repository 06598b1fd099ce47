with

decisions as (

    select * from {{ ref('contact_roles') }}
    where decided_on <= {{ as_of_date() }}

),

contact_accounts as (

    select * from {{ ref('contact_accounts') }}

),

crm_contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}
    where not coalesce(is_deleted, false)

),

-- A CRM id has 15 characters; the last three of the longer form only repeat their case.
known_contacts as (

    select
        contact_id as contact,
        contact_id
    from contact_accounts

    union

    select
        left(salesforce_contact_id, 15) as contact,
        {{ contact_key('email', 'salesforce_contact_id') }} as contact_id
    from crm_contacts

),

matched_decisions as (

    select
        decisions.contact,
        known_contacts.contact_id,
        decisions.role,
        decisions.seniority,
        decisions.decided_by,
        decisions.note,
        decisions.is_champion,
        known_contacts.contact_id is not null as is_known,
        decisions.decided_on as decided_date

    from decisions

    left join known_contacts
        on
            case when decisions.contact like 'con%' then decisions.contact else left(decisions.contact, 15) end
            = known_contacts.contact

)

select * from matched_decisions
order by contact, decided_date
