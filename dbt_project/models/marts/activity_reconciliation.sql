with

row_counts as (

    select * from {{ ref('staging_row_counts') }}

),

touches as (

    select * from {{ ref('fct_touches') }}

),

intent_events as (

    select * from {{ ref('int_intent_events_attributed') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

activities as (

    select
        source,
        account_id,
        is_bot

    from touches

    union all

    select
        'intent_topic_events' as source,
        account_id,
        is_bot

    from intent_events

),

activity_counts as (

    select
        activities.source,
        sum(case when activities.is_bot then 1 else 0 end) as bot_rows,
        sum(case when not activities.is_bot and accounts.is_in_crm then 1 else 0 end) as attributed_rows,
        sum(case when not activities.is_bot and not accounts.is_in_crm then 1 else 0 end)
            as attributed_outside_crm_rows,
        sum(case when not activities.is_bot and accounts.account_id is null then 1 else 0 end) as unattributed_rows

    from activities

    left join accounts
        on activities.account_id = accounts.account_id

    group by activities.source

)

select
    row_counts.source,
    cast(row_counts.raw_row_count as bigint) as raw_rows,
    cast(row_counts.visible_row_count - row_counts.staged_row_count as bigint) as duplicate_rows,
    cast(row_counts.raw_row_count - row_counts.visible_row_count as bigint) as not_yet_visible_rows,
    cast(coalesce(activity_counts.bot_rows, 0) as bigint) as bot_rows,
    cast(coalesce(activity_counts.attributed_rows, 0) as bigint) as attributed_rows,
    cast(coalesce(activity_counts.attributed_outside_crm_rows, 0) as bigint) as attributed_outside_crm_rows,
    cast(coalesce(activity_counts.unattributed_rows, 0) as bigint) as unattributed_rows
from row_counts
left join activity_counts
    on row_counts.source = activity_counts.source
order by row_counts.source
