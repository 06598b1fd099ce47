with

domain_keys as (

    select * from {{ source('identity', 'domain_keys') }}

),

account_domains as (

    select * from {{ ref('account_domains') }}

),

contact_accounts as (

    select * from {{ ref('contact_accounts') }}

),

workspace_accounts as (

    select * from {{ ref('workspace_accounts') }}

),

visitor_accounts as (

    select * from {{ ref('visitor_accounts') }}

),

touches as (

    select * from {{ ref('fct_touches') }}
    where not is_bot

),

intent_events as (

    select * from {{ ref('int_intent_events_attributed') }}
    where not is_bot

),

attachment_reasons as (

    select * from {{ ref('attachment_reasons') }}

),

distinct_domains as (

    select distinct
        registrable_domain,
        domain_kind

    from domain_keys

    where registrable_domain is not null

),

domains as (

    select
        account_domains.account_id,
        coalesce(
            account_domains.attribution_reason,
            {{ domain_attribution_reason('main_domain', 'domain_keys.registrable_domain') }}
        ) as attribution_reason

    from distinct_domains as domain_keys

    left join account_domains
        on
            domain_keys.registrable_domain = account_domains.registrable_domain
            and domain_keys.domain_kind = 'company'

),

things as (

    select
        'domain' as kind,
        'identity.domain_keys' as source,
        account_id,
        attribution_reason
    from domains

    union all

    select
        'contact' as kind,
        'marts.contact_accounts' as source,
        account_id,
        attribution_reason
    from contact_accounts

    union all

    select
        'workspace' as kind,
        'marts.workspace_accounts' as source,
        account_id,
        attribution_reason
    from workspace_accounts

    union all

    select
        'visitor' as kind,
        source,
        account_id,
        attribution_reason
    from visitor_accounts

    union all

    select
        'activity' as kind,
        source,
        account_id,
        attribution_reason
    from touches

    union all

    select
        'activity' as kind,
        'intent_topic_events' as source,
        account_id,
        attribution_reason
    from intent_events

),

counted_things as (

    select
        kind,
        source,
        attribution_reason,
        count(*) as total_count,
        count(account_id) as attached_count

    from things

    group by kind, source, attribution_reason

)

select
    counted_things.kind,
    counted_things.source,
    counted_things.attribution_reason,
    attachment_reasons.attaches,
    attachment_reasons.confidence,
    cast(counted_things.total_count as bigint) as total_count,
    cast(counted_things.attached_count as bigint) as attached_count,
    cast(counted_things.total_count - counted_things.attached_count as bigint) as unattributed_count
from counted_things
left join attachment_reasons
    on counted_things.attribution_reason = attachment_reasons.reason
order by counted_things.kind, counted_things.source, counted_things.attribution_reason
