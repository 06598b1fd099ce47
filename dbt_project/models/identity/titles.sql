with

crm_contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

form_fills as (

    select * from {{ ref('stg_map__form_fills') }}

),

titles as (

    select
        title,
        coalesce(department, '') as department
    from crm_contacts

    union

    select
        job_title as title,
        '' as department
    from form_fills

    union

    -- A contact without a title in the CRM takes that of a form, and keeps the department of the CRM.
    select
        form_fills.job_title as title,
        crm_contacts.department

    from form_fills

    inner join crm_contacts
        on form_fills.email = crm_contacts.email

    where crm_contacts.title is null and crm_contacts.department is not null

)

select
    title,
    department
from titles
where title is not null
order by title, department
