with

page_views as (

    select * from {{ ref('stg_web__page_views') }}

),

topic_events as (

    select * from {{ ref('stg_intent__topic_events') }}

),

domain_keys as (

    select * from {{ source('identity', 'domain_keys') }}

),

account_domains as (

    select * from {{ ref('account_domains') }}

),

emails_attributed as (

    select * from {{ ref('int_emails_attributed') }}

),

sightings as (

    select
        'web_page_views' as source,
        visitor_id as device_id,
        email,
        host,
        occurred_at

    from page_views

    union all

    select
        'intent_topic_events' as source,
        visitor_id as device_id,
        cast(null as varchar) as email,
        host,
        occurred_at

    from topic_events

    where visitor_id is not null

),

-- A company that is not an account yet is a place as well; networks of providers are not, people travel.
places as (

    select
        sightings.source,
        sightings.device_id,
        sightings.email,
        account_domains.account_id as network_account_id,
        {{ dbt.date_trunc('hour', 'sightings.occurred_at') }} as hour_at,
        coalesce(
            emails_attributed.account_id,
            account_domains.account_id,
            case when domain_keys.domain_kind = 'company' then domain_keys.registrable_domain end
        ) as place

    from sightings

    left join domain_keys
        on sightings.host = domain_keys.host

    left join account_domains
        on
            domain_keys.registrable_domain = account_domains.registrable_domain
            and domain_keys.domain_kind = 'company'

    left join emails_attributed
        on sightings.email = emails_attributed.email

),

hours as (

    select
        source,
        device_id,
        hour_at,
        count(*) as event_count

    from places

    group by source, device_id, hour_at

),

busiest_hours as (

    select
        source,
        device_id,
        max(event_count) as busiest_hour_event_count

    from hours

    group by source, device_id

),

devices as (

    select
        source,
        device_id,
        case when count(distinct email) = 1 then min(email) end as email,
        case when count(distinct place) = 1 and count(distinct network_account_id) = 1 then min(network_account_id) end
            as network_account_id,
        count(network_account_id) as network_sighting_count,
        count(distinct place) as place_count

    from places

    group by source, device_id

)

select
    devices.source,
    devices.device_id,
    case when devices.place_count <= {{ mart_parameter('shared_device_max_accounts') }} then devices.email end as email,
    devices.network_account_id,
    devices.network_sighting_count,
    devices.place_count,
    busiest_hours.busiest_hour_event_count,
    (
        devices.place_count > {{ mart_parameter('shared_device_max_accounts') }}
        or busiest_hours.busiest_hour_event_count > {{ mart_parameter('max_events_per_device_hour') }}
    ) as is_shared_or_machine
from devices
inner join busiest_hours
    on devices.source = busiest_hours.source and devices.device_id = busiest_hours.device_id
order by devices.source, devices.device_id
