with

permissions as (

    select * from {{ ref('permissions') }}
    where is_permitted

),

purposes as (

    select * from {{ ref('purposes') }}

),

contacts as (

    select * from {{ ref('dim_contacts') }}

),

champions as (

    select * from {{ ref('contact_champions') }}

),

crm_contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

permitted_contacts as (

    select
        contacts.contact_id,
        contacts.account_id,
        contacts.salesforce_contact_id,
        purposes.activity,
        purposes.purpose,
        purposes.channel,
        contacts.role,
        permissions.lawful_basis,
        permissions.permission_source,
        case purposes.channel
            when 'email' then contacts.email is not null
            when 'phone' then crm_contacts.phone is not null or {{ queue_parameter('call_needs_number') }} < 0.5
            else true
        end as is_reachable,
        champions.contact_id is not null as is_champion,
        permissions.valid_from,
        permissions.valid_to

    from permissions

    inner join purposes
        on
            permissions.purpose = purposes.purpose
            and permissions.channel = purposes.channel

    inner join contacts
        on permissions.contact_id = contacts.contact_id

    left join champions
        on contacts.contact_id = champions.contact_id

    left join crm_contacts
        on contacts.salesforce_contact_id = crm_contacts.salesforce_contact_id

)

select * from permitted_contacts
order by contact_id, activity
