-- depends_on: {{ ref('account_tiers') }}, so that all sync models are built, and tested against each other, in one step
with

permitted_contacts as (

    select * from {{ ref('permitted_contacts') }}
    where activity = 'committee_role'

),

contact_rows as (

    select
        salesforce_contact_id,
        role as committee_role

    from permitted_contacts

    where salesforce_contact_id is not null and role <> 'unknown'

)

select * from contact_rows
order by salesforce_contact_id
