with

contacts as (

    select * from {{ ref('dim_contacts') }}

),

crm_contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

consent_states as (

    select * from {{ ref('fct_consent_states') }}

),

email_events as (

    select * from {{ ref('stg_map__email_events') }}

),

purposes as (

    select distinct purpose from {{ ref('purposes') }}

),

channels as (

    select distinct channel from {{ ref('purposes') }}

),

unsubscribes as (

    select
        email,
        'email_marketing' as purpose,
        'email' as channel,
        max(occurred_at) as unsubscribed_at

    from email_events

    where event = 'unsubscribe' and email is not null

    group by email

),

-- A statement about `any` channel speaks for each of them. A refusal on a channel that nobody knows does as well.
channel_statements as (

    select
        consent_states.email,
        consent_states.purpose,
        channels.channel,
        consent_states.channel = channels.channel as is_exact,
        consent_states.state,
        consent_states.is_granted,
        consent_states.lawful_basis,
        consent_states.statement_source,
        consent_states.stated_at,
        consent_states.expires_at,
        consent_states.channel as stated_channel

    from consent_states

    cross join channels

    where
        consent_states.channel in (channels.channel, 'any')
        or (
            not consent_states.is_granted
            and consent_states.channel not in (select known_channels.channel from channels as known_channels)
        )

),

-- The least permissive of them decides.
ranked_statements as (

    select
        email,
        purpose,
        channel,
        state,
        is_granted,
        lawful_basis,
        statement_source,
        stated_at,
        max(stated_at) over (partition by email, purpose, channel) as last_stated_at,
        min(expires_at) over (partition by email, purpose, channel) as first_expires_at,
        row_number() over (
            partition by email, purpose, channel
            order by
                case when is_granted then 1 else 0 end asc,
                case when is_exact then 0 else 1 end asc,
                stated_at desc nulls last,
                stated_channel asc
        ) as statement_rank

    from channel_statements

),

deciding_statements as (

    select * from ranked_statements
    where statement_rank = 1

),

-- A refusal on any CRM record of the person counts, deleted ones included. A flag that the CRM hides counts as one.
crm_refusals as (

    select
        {{ contact_key('email', 'salesforce_contact_id') }} as contact_id,
        max(case when has_opted_out_of_email then 1 else 0 end) = 1 as has_opted_out_of_email,
        max(case when do_not_call then 1 else 0 end) = 1 as do_not_call,
        max(case when has_opted_out_of_email is null and not coalesce(is_deleted, false) then 1 else 0 end) = 1
            as is_email_flag_hidden,
        max(case when do_not_call is null and not coalesce(is_deleted, false) then 1 else 0 end) = 1
            as is_call_flag_hidden

    from crm_contacts

    group by {{ contact_key('email', 'salesforce_contact_id') }}

),

reasons as (

    select
        contacts.contact_id,
        purposes.purpose,
        channels.channel,
        case
            when
                channels.channel = 'email'
                and (crm_refusals.has_opted_out_of_email or contacts.has_opted_out_of_email)
                then 'opted out of e-mail in the CRM'
            when channels.channel = 'phone' and (crm_refusals.do_not_call or contacts.do_not_call)
                then 'do not call in the CRM'
            when channels.channel = 'email' and crm_refusals.is_email_flag_hidden
                then 'opt-out not visible in the CRM'
            when channels.channel = 'phone' and crm_refusals.is_call_flag_hidden
                then 'do not call not visible in the CRM'
            when deciding_statements.email is null then 'no statement'
            when not deciding_statements.is_granted then replace(deciding_statements.state, '_', ' ')
            when unsubscribes.unsubscribed_at > deciding_statements.last_stated_at then 'unsubscribed'
            else 'granted'
        end as permission_reason,
        deciding_statements.lawful_basis,
        deciding_statements.statement_source,
        deciding_statements.is_granted,
        deciding_statements.stated_at,
        deciding_statements.last_stated_at,
        deciding_statements.first_expires_at

    from contacts

    cross join purposes

    cross join channels

    left join deciding_statements
        on
            contacts.email = deciding_statements.email
            and purposes.purpose = deciding_statements.purpose
            and channels.channel = deciding_statements.channel

    left join crm_refusals
        on contacts.contact_id = crm_refusals.contact_id

    left join unsubscribes
        on
            contacts.email = unsubscribes.email
            and purposes.purpose = unsubscribes.purpose
            and channels.channel = unsubscribes.channel

)

select
    contact_id,
    purpose,
    channel,
    lawful_basis,
    statement_source as permission_source,
    permission_reason,
    permission_reason = 'granted' as is_permitted,
    case when is_granted then last_stated_at else stated_at end as valid_from,
    first_expires_at as valid_to
from reasons
order by contact_id, purpose, channel
