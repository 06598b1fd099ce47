with

vendor_surge as (

    select * from {{ ref('stg_intent__vendor_surge') }}

),

domain_keys as (

    select * from {{ source('identity', 'domain_keys') }}

),

account_domains as (

    select * from {{ ref('account_domains') }}

),

-- An account with several domains has one score per topic and week: the strongest.
account_surge as (

    select
        account_domains.account_id,
        vendor_surge.vendor,
        {{ folded_text('vendor_surge.topic') }} as topic,
        vendor_surge.week_start_date,
        max(vendor_surge.surge_score) as surge_score

    from vendor_surge

    inner join domain_keys
        on vendor_surge.host = domain_keys.host

    inner join account_domains
        on
            domain_keys.registrable_domain = account_domains.registrable_domain
            and domain_keys.domain_kind = 'company'

    group by
        account_domains.account_id,
        vendor_surge.vendor,
        {{ folded_text('vendor_surge.topic') }},
        vendor_surge.week_start_date

)

select * from account_surge
order by account_id, vendor, topic, week_start_date
