{{ config(meta={'dagster': {'ref': {'name': 'permissions'}}}) }}
with

permissions as (

    select * from {{ ref('permissions') }}
    where is_permitted

),

contacts as (

    select * from {{ ref('dim_contacts') }}

),

consent_states as (

    select * from {{ ref('fct_consent_states') }}
    where not is_granted

)

select
    permissions.contact_id,
    permissions.purpose,
    permissions.channel,
    consent_states.state
from permissions
inner join contacts
    on permissions.contact_id = contacts.contact_id
inner join consent_states
    on
        contacts.email = consent_states.email
        and permissions.purpose = consent_states.purpose
        and consent_states.channel in ('any', permissions.channel)
