with

touches as (

    select * from {{ ref('int_touches') }}

),

crm_contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}
    where not coalesce(is_deleted, false)

),

contacts as (

    select * from {{ ref('dim_contacts') }}

),

profiled_contacts as (

    select * from {{ ref('int_profiled_contacts') }}

),

account_records as (

    select * from {{ ref('dim_account_records') }}

),

workspace_accounts as (

    select * from {{ ref('workspace_accounts') }}

),

visitor_accounts as (

    select * from {{ ref('visitor_accounts') }}
    where source = 'web_page_views' and attribution_reason = 'device_network'

),

domain_keys as (

    select * from {{ source('identity', 'domain_keys') }}

),

account_domains as (

    select * from {{ ref('account_domains') }}

),

touches_with_person as (

    select
        touches.*,
        coalesce(
            {{ contact_key('touches.email') }},
            {{ contact_key('crm_contacts.email', 'crm_contacts.salesforce_contact_id') }}
        ) as contact_id

    from touches

    left join crm_contacts
        on touches.salesforce_contact_id = crm_contacts.salesforce_contact_id

),

-- A record in the CRM says itself where it belongs. Otherwise the person leads to the account (the CRM contact's
-- account, then the e-mail domain), then the workspace, then the network that the visit came from, then the company
-- whose network the device otherwise uses.
touches_attributed as (

    select
        touches.touch_id,
        touches.source,
        touches.contact_id,
        coalesce(touches.contact_id, 'visitor:' || touches.visitor_id) as person_key,
        touches.touch_type,
        touches.is_bot,
        touches.is_seller_caused,
        case
            when touches.source = 'salesforce_tasks' and account_records.account_id is not null
                then account_records.account_id
            else coalesce(
                contacts.account_id,
                workspace_accounts.account_id,
                account_domains.account_id,
                visitor_accounts.account_id
            )
        end as account_id,
        case
            when touches.source = 'salesforce_tasks' and account_records.account_id is not null then 'crm_record'
            when contacts.account_id is not null then contacts.attribution_reason
            when workspace_accounts.account_id is not null then workspace_accounts.attribution_reason
            when account_domains.account_id is not null then 'network_domain'
            when visitor_accounts.account_id is not null then visitor_accounts.attribution_reason
            when contacts.contact_id is not null and contacts.attribution_reason <> 'no_identity'
                then contacts.attribution_reason
            when touches.source = 'salesforce_tasks' then 'unknown_record'
            else {{ domain_attribution_reason('network_domain', 'touches.network_host') }}
        end as attribution_reason,
        touches.occurred_at,
        touches.loaded_at

    from touches_with_person as touches

    left join contacts
        on touches.contact_id = contacts.contact_id

    left join account_records
        on touches.company_record_id = account_records.record_id

    left join workspace_accounts
        on touches.company_record_id = 'product:' || workspace_accounts.workspace_id

    left join visitor_accounts
        on touches.source = visitor_accounts.source and touches.visitor_id = visitor_accounts.device_id

    left join domain_keys
        on touches.network_host = domain_keys.host

    left join account_domains
        on
            domain_keys.registrable_domain = account_domains.registrable_domain
            and domain_keys.domain_kind = 'company'

),

-- Of somebody who does not permit profiling a request tells nothing about the meetings of others either: scores are
-- those of a world without that person.
demo_requests as (

    select distinct
        touches_attributed.account_id,
        touches_attributed.occurred_at

    from touches_attributed

    inner join profiled_contacts
        on touches_attributed.contact_id = profiled_contacts.contact_id

    where touches_attributed.touch_type = 'demo_request' and touches_attributed.account_id is not null

),

-- A meeting is the buyer's own act when the buyer had asked for a demo shortly before; else the seller booked it.
requested_meetings as (

    select distinct touches_attributed.touch_id

    from touches_attributed

    inner join demo_requests
        on
            touches_attributed.account_id = demo_requests.account_id
            and touches_attributed.occurred_at >= demo_requests.occurred_at
            and {{ dbt.datediff('demo_requests.occurred_at', 'touches_attributed.occurred_at', 'day') }}
            <= {{ mart_parameter('buyer_meeting_request_window_days') }}

    where touches_attributed.touch_type = 'buyer_meeting'

)

select
    touches_attributed.touch_id,
    touches_attributed.account_id,
    touches_attributed.contact_id,
    touches_attributed.person_key,
    touches_attributed.touch_type,
    touches_attributed.source,
    touches_attributed.attribution_reason,
    touches_attributed.is_seller_caused and requested_meetings.touch_id is null as is_seller_caused,
    touches_attributed.is_bot,
    cast(touches_attributed.occurred_at as date) as activity_date,
    touches_attributed.occurred_at,
    touches_attributed.loaded_at
from touches_attributed
left join requested_meetings
    on touches_attributed.touch_id = requested_meetings.touch_id
order by touches_attributed.touch_id
