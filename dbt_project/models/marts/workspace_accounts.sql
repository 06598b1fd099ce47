with

workspaces as (

    select * from {{ ref('stg_product__workspaces') }}

),

product_events as (

    select * from {{ ref('stg_product__events') }}

),

account_records as (

    select * from {{ ref('dim_account_records') }}

),

record_keys as (

    select * from {{ source('identity', 'record_keys') }}

),

contact_accounts as (

    select * from {{ ref('contact_accounts') }}

),

attachment_reasons as (

    select * from {{ ref('attachment_reasons') }}

),

-- An account of product records only is one that nobody else knows.
known_accounts as (

    select
        account_id,
        max(case when source <> 'product' then 1 else 0 end) = 1 as is_known_elsewhere

    from account_records

    group by account_id

),

members as (

    select distinct
        product_events.workspace_id,
        contact_accounts.contact_id,
        contact_accounts.account_id

    from product_events

    inner join contact_accounts
        on {{ contact_key('product_events.email') }} = contact_accounts.contact_id

    where contact_accounts.account_id is not null

),

member_counts as (

    select
        workspace_id,
        account_id,
        count(*) as member_count,
        sum(count(*)) over (partition by workspace_id) as workspace_member_count

    from members

    group by workspace_id, account_id

),

-- The company of most members; the share is over a half, so there is one at most.
member_accounts as (

    select
        workspace_id,
        account_id

    from member_counts

    where
        member_count >= {{ mart_parameter('workspace_min_members') }}
        and member_count >= {{ mart_parameter('workspace_member_min_share') }} * workspace_member_count
        and member_count * 2 > workspace_member_count

),

workspaces_attributed as (

    select
        workspaces.workspace_id,
        account_records.account_id as record_account_id,
        member_accounts.account_id as member_account_id,
        case
            when known_accounts.is_known_elsewhere and member_accounts.account_id <> account_records.account_id
                then 'workspace_other_members'
            when known_accounts.is_known_elsewhere then 'workspace'
            when record_keys.domain_kind = 'company' then 'workspace_own'
            when member_accounts.account_id <> account_records.account_id then 'workspace_members'
            when account_records.account_id is null then 'unknown_record'
            else 'workspace_own'
        end as attribution_reason

    from workspaces

    left join account_records
        on 'product:' || workspaces.workspace_id = account_records.record_id

    left join known_accounts
        on account_records.account_id = known_accounts.account_id

    left join record_keys
        on account_records.record_id = record_keys.record_id

    left join member_accounts
        on workspaces.workspace_id = member_accounts.workspace_id

)

select
    workspaces_attributed.workspace_id,
    case
        when workspaces_attributed.attribution_reason = 'workspace_members' then workspaces_attributed.member_account_id
        else workspaces_attributed.record_account_id
    end as account_id,
    case
        when workspaces_attributed.attribution_reason = 'workspace_members' then workspaces_attributed.record_account_id
        when workspaces_attributed.member_account_id <> workspaces_attributed.record_account_id
            then workspaces_attributed.member_account_id
    end as other_account_id,
    workspaces_attributed.attribution_reason,
    attachment_reasons.confidence
from workspaces_attributed
left join attachment_reasons
    on workspaces_attributed.attribution_reason = attachment_reasons.reason
order by workspaces_attributed.workspace_id
