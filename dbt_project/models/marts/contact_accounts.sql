with

crm_contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}
    where not coalesce(is_deleted, false)

),

emails_attributed as (

    select * from {{ ref('int_emails_attributed') }}

),

account_records as (

    select * from {{ ref('dim_account_records') }}

),

account_hierarchy as (

    select * from {{ source('identity', 'account_hierarchy') }}

),

attachment_reasons as (

    select * from {{ ref('attachment_reasons') }}

),

crm_contacts_with_account as (

    select
        {{ contact_key('crm_contacts.email', 'crm_contacts.salesforce_contact_id') }} as contact_id,
        account_records.account_id,
        crm_contacts.salesforce_contact_id,
        crm_contacts.email,
        emails_attributed.account_id as domain_account_id,
        crm_contacts.last_modified_at

    from crm_contacts

    left join account_records
        on 'salesforce:' || crm_contacts.salesforce_account_id = account_records.record_id

    left join emails_attributed
        on crm_contacts.email = emails_attributed.email

),

-- One person can be several CRM contacts: the one with an account, then the one whose account the e-mail domain
-- confirms, then the one edited last, stands for them.
ranked_crm_contacts as (

    select
        *,
        row_number() over (
            partition by contact_id
            order by
                case when account_id is not null then 0 else 1 end asc,
                case when account_id = domain_account_id then 0 else 1 end asc,
                last_modified_at desc,
                salesforce_contact_id asc
        ) as contact_rank

    from crm_contacts_with_account

),

standing_contacts as (

    select * from ranked_crm_contacts
    where contact_rank = 1

),

crm_account_counts as (

    select
        contact_id,
        count(distinct account_id) as crm_account_count

    from crm_contacts_with_account

    group by contact_id

),

persons as (

    select
        contact_id,
        email
    from standing_contacts

    union

    select
        {{ contact_key('email') }} as contact_id,
        email
    from emails_attributed

),

-- The CRM says where somebody works because a rep put him there; the domain says whose mailbox he uses. Where they
-- differ the CRM wins: there the rep looks for him, and people use mailboxes of their group, client or last employer.
persons_attributed as (

    select
        persons.contact_id,
        persons.email,
        crm.salesforce_contact_id,
        coalesce(crm.account_id, emails_attributed.account_id) as account_id,
        case when crm.account_id <> emails_attributed.account_id then emails_attributed.account_id end
            as other_account_id,
        case
            when crm.account_id = emails_attributed.account_id or emails_attributed.account_id is null
                then case
                    when crm.account_id is not null then 'crm_contact'
                    when persons.email is null then 'no_identity'
                    else emails_attributed.attribution_reason
                end
            when crm.account_id is null then emails_attributed.attribution_reason
            when
                coalesce(crm_families.ultimate_parent_account_id, crm.account_id)
                = coalesce(domain_families.ultimate_parent_account_id, emails_attributed.account_id)
                then 'crm_contact_family_domain'
            else 'crm_contact_other_domain'
        end as attribution_reason,
        coalesce(crm_account_counts.crm_account_count, 0) as crm_account_count

    from persons

    left join standing_contacts as crm
        on persons.contact_id = crm.contact_id

    left join crm_account_counts
        on persons.contact_id = crm_account_counts.contact_id

    left join emails_attributed
        on persons.email = emails_attributed.email

    left join account_hierarchy as crm_families
        on crm.account_id = crm_families.account_id

    left join account_hierarchy as domain_families
        on emails_attributed.account_id = domain_families.account_id

)

select
    persons_attributed.contact_id,
    persons_attributed.account_id,
    persons_attributed.salesforce_contact_id,
    persons_attributed.email,
    persons_attributed.other_account_id,
    persons_attributed.attribution_reason,
    attachment_reasons.confidence,
    persons_attributed.crm_account_count
from persons_attributed
left join attachment_reasons
    on persons_attributed.attribution_reason = attachment_reasons.reason
order by persons_attributed.contact_id
