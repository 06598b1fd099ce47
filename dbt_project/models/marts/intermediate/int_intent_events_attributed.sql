with

topic_events as (

    select * from {{ ref('stg_intent__topic_events') }}

),

devices as (

    select * from {{ ref('int_devices') }}
    where source = 'intent_topic_events'

),

user_agents as (

    select * from {{ ref('int_user_agents_classified') }}

),

domain_keys as (

    select * from {{ source('identity', 'domain_keys') }}

),

account_domains as (

    select * from {{ ref('account_domains') }}

),

events_attributed as (

    select
        topic_events.event_id,
        account_domains.account_id,
        coalesce('visitor:' || topic_events.visitor_id, 'network:' || domain_keys.registrable_domain) as person_key,
        {{ folded_text('topic_events.topic') }} as topic,
        {{ domain_attribution_reason('network_domain', 'topic_events.domain') }} as attribution_reason,
        coalesce(user_agents.is_bot, false) or coalesce(devices.is_shared_or_machine, false) as is_bot,
        cast(topic_events.occurred_at as date) as activity_date,
        topic_events.occurred_at,
        topic_events.loaded_at

    from topic_events

    left join devices
        on topic_events.visitor_id = devices.device_id

    left join user_agents
        on topic_events.user_agent = user_agents.user_agent

    left join domain_keys
        on topic_events.host = domain_keys.host

    left join account_domains
        on
            domain_keys.registrable_domain = account_domains.registrable_domain
            and domain_keys.domain_kind = 'company'

)

select * from events_attributed
order by event_id
