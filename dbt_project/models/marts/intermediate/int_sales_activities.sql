with

tasks as (

    select * from {{ ref('stg_salesforce__tasks') }}

),

users as (

    select * from {{ ref('stg_salesforce__users') }}

),

opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

automatic_tasks as (

    select * from {{ ref('automatic_tasks') }}

),

task_texts as (

    select
        tasks.task_id,
        'subject' as match_column,
        {{ folded_text('tasks.subject') }} as match_text

    from tasks

    union all

    select
        tasks.task_id,
        'task_subtype' as match_column,
        {{ folded_text('tasks.task_subtype') }} as match_text

    from tasks

    union all

    select
        tasks.task_id,
        'user_role' as match_column,
        {{ folded_text('users.user_role') }} as match_text

    from tasks

    inner join users
        on tasks.salesforce_owner_id = users.salesforce_user_id

    union all

    select
        tasks.task_id,
        'user_name' as match_column,
        {{ folded_text('users.user_name') }} as match_text

    from tasks

    inner join users
        on tasks.salesforce_owner_id = users.salesforce_user_id

),

distinct_texts as (

    select distinct
        match_column,
        match_text

    from task_texts

    where match_text is not null

),

automatic_texts as (

    select distinct
        distinct_texts.match_column,
        distinct_texts.match_text

    from distinct_texts

    inner join automatic_tasks
        on
            distinct_texts.match_column = automatic_tasks.match_column
            and {{ matches('distinct_texts.match_text', 'automatic_tasks.pattern') }}

),

automatic_task_ids as (

    select distinct task_texts.task_id

    from task_texts

    inner join automatic_texts
        on
            task_texts.match_column = automatic_texts.match_column
            and task_texts.match_text = automatic_texts.match_text

),

-- WhatId names the account or an opportunity of it; an activity with a contact only belongs to the contact's account.
sales_activities as (

    select
        tasks.task_id,
        case
            when tasks.what_id like '001%' then tasks.what_id
            else coalesce(opportunities.salesforce_account_id, contacts.salesforce_account_id)
        end as salesforce_account_id,
        tasks.who_id as salesforce_contact_id,
        tasks.salesforce_owner_id,
        lower(tasks.task_type) as task_type,
        (
            lower(coalesce(tasks.status, '')) = 'completed'
            and coalesce(tasks.activity_date, cast(tasks.created_at as date)) <= {{ as_of_date() }}
        ) as is_completed,
        automatic_task_ids.task_id is null as is_human,
        lower(coalesce(tasks.call_disposition, '')) = 'connected' as is_connected,
        coalesce(tasks.activity_date, cast(tasks.created_at as date)) as activity_date,
        tasks.created_at as occurred_at,
        tasks.loaded_at

    from tasks

    left join opportunities
        on tasks.what_id = opportunities.opportunity_id

    left join contacts
        on tasks.who_id = contacts.salesforce_contact_id

    left join automatic_task_ids
        on tasks.task_id = automatic_task_ids.task_id

)

select * from sales_activities
order by task_id
