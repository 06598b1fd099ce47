with

crm_contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}
    where not coalesce(is_deleted, false)

),

form_fills as (

    select * from {{ ref('stg_map__form_fills') }}

),

contact_accounts as (

    select * from {{ ref('contact_accounts') }}

),

title_readings as (

    select * from {{ source('identity', 'title_readings') }}

),

title_roles as (

    select * from {{ ref('title_roles') }}

),

decided_roles as (

    select * from {{ ref('int_decided_roles') }}

),

keyed_crm_contacts as (

    select
        {{ contact_key('crm_contacts.email', 'crm_contacts.salesforce_contact_id') }} as contact_id,
        coalesce(crm_contacts.has_opted_out_of_email, false) as has_opted_out_of_email,
        coalesce(crm_contacts.do_not_call, false) as do_not_call,
        cast(crm_contacts.created_at as date) as created_date

    from crm_contacts

),

-- One person can be several CRM contacts; a refusal on any of them is a refusal.
crm_flags as (

    select
        contact_id,
        max(case when has_opted_out_of_email then 1 else 0 end) = 1 as has_opted_out_of_email,
        max(case when do_not_call then 1 else 0 end) = 1 as do_not_call,
        min(created_date) as created_date

    from keyed_crm_contacts

    group by contact_id

),

ranked_form_titles as (

    select
        email,
        job_title,
        row_number() over (partition by email order by occurred_at desc, event_id asc) as form_rank

    from form_fills

    where email is not null and job_title is not null

),

contacts as (

    select
        contact_accounts.contact_id,
        contact_accounts.account_id,
        contact_accounts.salesforce_contact_id,
        contact_accounts.email,
        crm_contacts.first_name,
        crm_contacts.last_name,
        coalesce(crm_contacts.title, ranked_form_titles.job_title) as title,
        crm_contacts.department,
        contact_accounts.attribution_reason,
        contact_accounts.confidence as attribution_confidence,
        coalesce(crm_flags.has_opted_out_of_email, false) as has_opted_out_of_email,
        coalesce(crm_flags.do_not_call, false) as do_not_call,
        contact_accounts.salesforce_contact_id is not null as is_in_crm,
        crm_flags.created_date

    from contact_accounts

    left join crm_contacts
        on contact_accounts.salesforce_contact_id = crm_contacts.salesforce_contact_id

    left join crm_flags
        on contact_accounts.contact_id = crm_flags.contact_id

    left join ranked_form_titles
        on contact_accounts.email = ranked_form_titles.email and ranked_form_titles.form_rank = 1

),

-- What a person decided wins over what the title says; a decided rank alone moves the role of the same function.
contacts_with_role as (

    select
        contacts.contact_id,
        contacts.account_id,
        contacts.salesforce_contact_id,
        contacts.email,
        contacts.first_name,
        contacts.last_name,
        contacts.title,
        contacts.department,
        title_readings.function,
        coalesce(decided_roles.seniority, title_readings.seniority) as seniority,
        coalesce(decided_roles.role, title_roles.role, title_readings.role, 'unknown') as role,
        coalesce(decided_roles.decision, title_readings.role_rule) as role_rule,
        case
            when decided_roles.role is not null or title_roles.role is not null then 1
            else title_readings.role_confidence
        end as role_confidence,
        contacts.attribution_reason,
        contacts.attribution_confidence,
        contacts.has_opted_out_of_email,
        contacts.do_not_call,
        contacts.is_in_crm,
        contacts.created_date

    from contacts

    left join title_readings
        on
            contacts.title = title_readings.title
            and coalesce(contacts.department, '') = title_readings.department

    left join decided_roles
        on contacts.contact_id = decided_roles.contact_id

    left join title_roles
        on
            title_readings.function = title_roles.function
            and decided_roles.seniority = title_roles.seniority

)

select
    contact_id,
    account_id,
    salesforce_contact_id,
    email,
    first_name,
    last_name,
    title,
    department,
    function,
    seniority,
    role,
    case when role <> 'unknown' then role_rule end as role_rule,
    cast(case when role <> 'unknown' then role_confidence end as double) as role_confidence,
    attribution_reason,
    attribution_confidence,
    has_opted_out_of_email,
    do_not_call,
    is_in_crm,
    created_date
from contacts_with_role
order by contact_id
