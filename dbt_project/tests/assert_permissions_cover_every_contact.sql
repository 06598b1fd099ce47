{{ config(meta={'dagster': {'ref': {'name': 'permissions'}}}) }}
-- The default is a row that says no, not a missing row.
with

permission_counts as (

    select
        count(*) as row_count,
        count(distinct contact_id) as contact_count,
        count(distinct purpose) as purpose_count,
        count(distinct channel) as channel_count
    from {{ ref('permissions') }}

),

contact_counts as (

    select count(*) as contact_count from {{ ref('dim_contacts') }}

)

select
    permission_counts.row_count,
    contact_counts.contact_count
from permission_counts
cross join contact_counts
where
    permission_counts.contact_count <> contact_counts.contact_count
    or permission_counts.row_count
    <> permission_counts.contact_count * permission_counts.purpose_count * permission_counts.channel_count
