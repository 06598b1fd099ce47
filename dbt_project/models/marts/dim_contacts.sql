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

titles as (

    select * from {{ ref('int_titles_classified') }}

),

title_roles as (

    select * from {{ ref('title_roles') }}

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

-- The department speaks for a title that names no function; a rank is read from the title alone.
contacts_with_function as (

    select
        contacts.*,
        coalesce(titles.function, case when contacts.title is not null then departments.function end) as function,
        case
            when titles.is_seniority_named or coalesce(titles.function, departments.function) is not null
                then titles.seniority
        end as seniority,
        coalesce(titles.function_rule, departments.function_rule) as function_rule,
        titles.seniority_rule

    from contacts

    left join titles
        on contacts.title = titles.text

    left join titles as departments
        on contacts.department = departments.text

),

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
        contacts.function,
        contacts.seniority,
        coalesce(title_roles.role, 'unknown') as role,
        case
            when title_roles.role is not null
                then 'function ' || contacts.function_rule || ', seniority ' || contacts.seniority_rule
        end as role_rule,
        contacts.attribution_reason,
        contacts.attribution_confidence,
        contacts.has_opted_out_of_email,
        contacts.do_not_call,
        contacts.is_in_crm,
        contacts.created_date

    from contacts_with_function as contacts

    left join title_roles
        on
            contacts.function = title_roles.function
            and contacts.seniority = title_roles.seniority

)

select * from contacts_with_role
order by contact_id
