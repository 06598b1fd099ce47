-- Records that name no place have a site of their own, so nothing is lost between an account and its sites, and an
-- account has at most one head office.
{{ config(meta={'dagster': {'ref': {'name': 'account_sites'}}}) }}

with

account_members as (

    select members.account_id
    from {{ source('identity', 'account_members') }} as members
    inner join {{ ref('company_records') }} as company_records
        on members.record_id = company_records.record_id

),

record_counts as (

    select
        account_id,
        count(*) as record_count

    from account_members

    group by account_id

),

site_counts as (

    select
        account_id,
        sum(record_count) as record_count,
        sum(case when is_headquarters then 1 else 0 end) as headquarters_count

    from {{ ref('account_sites') }}

    group by account_id

)

select record_counts.account_id
from record_counts
left join site_counts
    on record_counts.account_id = site_counts.account_id
where
    record_counts.record_count <> coalesce(site_counts.record_count, 0)
    or coalesce(site_counts.headquarters_count, 0) > 1
