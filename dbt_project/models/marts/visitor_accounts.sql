with

devices as (

    select * from {{ ref('int_devices') }}

),

contact_accounts as (

    select * from {{ ref('contact_accounts') }}

),

attachment_reasons as (

    select * from {{ ref('attachment_reasons') }}

),

-- The person goes before the network. An anonymous device belongs to a company that it was seen in more than once.
devices_attributed as (

    select
        devices.source,
        devices.device_id,
        contact_accounts.contact_id,
        case
            when devices.is_shared_or_machine then null
            when contact_accounts.account_id is not null then contact_accounts.account_id
            when devices.network_sighting_count >= {{ mart_parameter('device_network_min_sightings') }}
                then devices.network_account_id
        end as account_id,
        case
            when devices.is_shared_or_machine then 'shared_or_machine'
            when contact_accounts.account_id is not null then 'device_email'
            when
                devices.network_account_id is not null
                and devices.network_sighting_count >= {{ mart_parameter('device_network_min_sightings') }}
                then 'device_network'
            when contact_accounts.contact_id is not null then contact_accounts.attribution_reason
            when devices.place_count > 1 then 'several_accounts'
            when devices.network_account_id is not null then 'seen_once'
            when devices.place_count = 1 and devices.network_sighting_count = 0 then 'unknown_domain'
            else 'no_identity'
        end as attribution_reason,
        devices.place_count

    from devices

    left join contact_accounts
        on {{ contact_key('devices.email') }} = contact_accounts.contact_id

)

select
    devices_attributed.source,
    devices_attributed.device_id,
    devices_attributed.account_id,
    devices_attributed.contact_id,
    devices_attributed.attribution_reason,
    attachment_reasons.confidence,
    cast(devices_attributed.place_count as bigint) as place_count
from devices_attributed
left join attachment_reasons
    on devices_attributed.attribution_reason = attachment_reasons.reason
order by devices_attributed.source, devices_attributed.device_id
