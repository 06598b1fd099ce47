-- What came in is what was attached and what was not, for each kind; the activities are those of
-- activity_reconciliation.
{{ config(meta={'dagster': {'ref': {'name': 'attachment_reconciliation'}}}) }}

with

expected as (

    select
        'activity' as kind,
        source,
        attributed_rows + attributed_outside_crm_rows as attached_count,
        unattributed_rows as unattributed_count
    from {{ ref('activity_reconciliation') }}

    union all

    select
        'contact' as kind,
        'marts.contact_accounts' as source,
        count(account_id) as attached_count,
        count(*) - count(account_id) as unattributed_count
    from {{ ref('dim_contacts') }}

    union all

    select
        'workspace' as kind,
        'marts.workspace_accounts' as source,
        count(*) as attached_count,
        0 as unattributed_count
    from {{ ref('stg_product__workspaces') }}

    union all

    select
        'visitor' as kind,
        source,
        count(*) as attached_count,
        0 as unattributed_count
    from {{ ref('int_devices') }}
    group by source

    union all

    select
        'domain' as kind,
        'identity.domain_keys' as source,
        count(distinct registrable_domain) as attached_count,
        0 as unattributed_count
    from {{ source('identity', 'domain_keys') }}

),

found as (

    select
        kind,
        source,
        sum(attached_count) as attached_count,
        sum(unattributed_count) as unattributed_count

    from {{ ref('attachment_reconciliation') }}

    group by kind, source

)

-- Of workspaces, devices and domains only the total is known from elsewhere.
select
    expected.kind,
    expected.source
from expected
left join found
    on expected.kind = found.kind and expected.source = found.source
where
    expected.attached_count + expected.unattributed_count
    <> coalesce(found.attached_count, 0) + coalesce(found.unattributed_count, 0)
    or (expected.kind in ('activity', 'contact') and expected.attached_count <> coalesce(found.attached_count, 0))
