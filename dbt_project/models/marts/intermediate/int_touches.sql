with

page_views as (

    select * from {{ ref('stg_web__page_views') }}

),

product_events as (

    select * from {{ ref('stg_product__events') }}

),

email_events as (

    select * from {{ ref('stg_map__email_events') }}

),

form_fills as (

    select * from {{ ref('stg_map__form_fills') }}

),

attendance as (

    select * from {{ ref('stg_events__attendance') }}

),

tickets as (

    select * from {{ ref('stg_support__tickets') }}

),

tasks as (

    select * from {{ ref('stg_salesforce__tasks') }}

),

sales_activities as (

    select * from {{ ref('int_sales_activities') }}

),

devices as (

    select * from {{ ref('int_devices') }}
    where source = 'web_page_views'

),

user_agents as (

    select * from {{ ref('int_user_agents_classified') }}

),

touch_mappings as (

    select * from {{ ref('touch_mappings') }}

),

deliveries as (

    select
        email,
        campaign,
        occurred_at

    from email_events

    where event = 'delivered' and email is not null

),

-- What opens or follows a link within a blink of the delivery is a security scanner.
scanner_events as (

    select distinct email_events.event_id

    from email_events

    inner join deliveries
        on
            email_events.email = deliveries.email
            and coalesce(email_events.campaign, '') = coalesce(deliveries.campaign, '')
            and email_events.occurred_at >= deliveries.occurred_at
            and email_events.occurred_at < {{ dbt.dateadd('second', 60, 'deliveries.occurred_at') }}

    where
        email_events.event in ('open', 'click')
        and {{ dbt.datediff('deliveries.occurred_at', 'email_events.occurred_at', 'second') }}
        < {{ mart_parameter('email_scanner_seconds') }}

),

activities as (

    select
        'web_page_views' as source,
        page_views.event_id as source_record_id,
        coalesce(page_views.email, devices.email) as email,
        page_views.visitor_id,
        page_views.host as network_host,
        cast(null as varchar) as company_record_id,
        cast(null as varchar) as salesforce_contact_id,
        'path' as match_column,
        page_views.path as match_text,
        coalesce(user_agents.is_bot, false) or coalesce(devices.is_shared_or_machine, false) as is_bot,
        false as is_seller_caused,
        page_views.occurred_at,
        page_views.loaded_at

    from page_views

    left join devices
        on page_views.visitor_id = devices.device_id

    left join user_agents
        on page_views.user_agent = user_agents.user_agent

    union all

    select
        'product_events' as source,
        event_id as source_record_id,
        email,
        cast(null as varchar) as visitor_id,
        cast(null as varchar) as network_host,
        'product:' || workspace_id as company_record_id,
        cast(null as varchar) as salesforce_contact_id,
        'event_name' as match_column,
        event_name as match_text,
        false as is_bot,
        false as is_seller_caused,
        occurred_at,
        loaded_at

    from product_events

    union all

    select
        'map_email_events' as source,
        email_events.event_id as source_record_id,
        email_events.email,
        cast(null as varchar) as visitor_id,
        cast(null as varchar) as network_host,
        cast(null as varchar) as company_record_id,
        cast(null as varchar) as salesforce_contact_id,
        'event' as match_column,
        email_events.event as match_text,
        scanner_events.event_id is not null as is_bot,
        email_events.event in ('sent', 'delivered', 'bounce') as is_seller_caused,
        email_events.occurred_at,
        email_events.loaded_at

    from email_events

    left join scanner_events
        on email_events.event_id = scanner_events.event_id

    union all

    select
        'map_form_fills' as source,
        event_id as source_record_id,
        email,
        cast(null as varchar) as visitor_id,
        cast(null as varchar) as network_host,
        cast(null as varchar) as company_record_id,
        cast(null as varchar) as salesforce_contact_id,
        'asset' as match_column,
        asset as match_text,
        false as is_bot,
        false as is_seller_caused,
        occurred_at,
        loaded_at

    from form_fills

    union all

    select
        'events_attendance' as source,
        event_id as source_record_id,
        email,
        cast(null as varchar) as visitor_id,
        cast(null as varchar) as network_host,
        cast(null as varchar) as company_record_id,
        cast(null as varchar) as salesforce_contact_id,
        'event_and_status' as match_column,
        event_name || ': ' || status as match_text,
        false as is_bot,
        false as is_seller_caused,
        occurred_at,
        loaded_at

    from attendance

    union all

    select
        'support_tickets' as source,
        ticket_id as source_record_id,
        email,
        cast(null as varchar) as visitor_id,
        cast(null as varchar) as network_host,
        cast(null as varchar) as company_record_id,
        cast(null as varchar) as salesforce_contact_id,
        'category' as match_column,
        coalesce(category, '') as match_text,
        false as is_bot,
        false as is_seller_caused,
        created_at as occurred_at,
        loaded_at

    from tickets

    union all

    select
        'salesforce_tasks' as source,
        tasks.task_id as source_record_id,
        cast(null as varchar) as email,
        cast(null as varchar) as visitor_id,
        cast(null as varchar) as network_host,
        'salesforce:' || sales_activities.salesforce_account_id as company_record_id,
        tasks.who_id as salesforce_contact_id,
        'task_type' as match_column,
        case
            when sales_activities.is_human and sales_activities.is_completed then coalesce(tasks.task_type, '') else ''
        end as match_text,
        false as is_bot,
        true as is_seller_caused,
        tasks.created_at as occurred_at,
        tasks.loaded_at

    from tasks

    inner join sales_activities
        on tasks.task_id = sales_activities.task_id

),

match_texts as (

    select distinct
        source,
        match_column,
        match_text

    from activities

),

mapped_texts as (

    select
        match_texts.source,
        match_texts.match_text,
        touch_mappings.touch_type,
        row_number() over (
            partition by match_texts.source, match_texts.match_text
            order by touch_mappings.priority, touch_mappings.pattern
        ) as mapping_rank

    from match_texts

    inner join touch_mappings
        on
            match_texts.source = touch_mappings.source
            and match_texts.match_column = touch_mappings.match_column
            and {{ matches(folded_text('match_texts.match_text'), 'touch_mappings.pattern') }}

),

touches as (

    select
        activities.source || ':' || activities.source_record_id as touch_id,
        activities.source,
        activities.source_record_id,
        activities.email,
        activities.visitor_id,
        activities.network_host,
        activities.company_record_id,
        activities.salesforce_contact_id,
        coalesce(mapped_texts.touch_type, 'other') as touch_type,
        activities.is_bot,
        activities.is_seller_caused,
        activities.occurred_at,
        activities.loaded_at

    from activities

    left join mapped_texts
        on
            activities.source = mapped_texts.source
            and activities.match_text = mapped_texts.match_text
            and mapped_texts.mapping_rank = 1

)

select * from touches
order by touch_id
