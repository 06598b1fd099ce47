with

impressions as (

    select * from {{ ref('stg_ads__impressions') }}

),

domain_keys as (

    select * from {{ source('identity', 'domain_keys') }}

),

account_domains as (

    select * from {{ ref('account_domains') }}

),

ad_days as (

    select
        account_domains.account_id,
        impressions.platform,
        impressions.campaign,
        impressions.impression_date as activity_date,
        cast(sum(impressions.impressions_count) as bigint) as impressions_count,
        cast(coalesce(sum(impressions.clicks_count), 0) as bigint) as clicks_count,
        cast(coalesce(sum(cast(round(impressions.spend_usd, 6) as decimal(18, 6))), 0) as decimal(18, 6)) as spend_usd

    from impressions

    inner join domain_keys
        on impressions.host = domain_keys.host

    inner join account_domains
        on
            domain_keys.registrable_domain = account_domains.registrable_domain
            and domain_keys.domain_kind = 'company'

    group by
        account_domains.account_id,
        impressions.platform,
        impressions.campaign,
        impressions.impression_date

)

select * from ad_days
order by account_id, platform, campaign, activity_date
