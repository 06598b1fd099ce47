with

accounts as (

    select * from {{ ref('dim_accounts') }}
    where is_in_crm

),

contacts as (

    select * from {{ ref('dim_contacts') }}

),

profiled_contacts as (

    select * from {{ ref('int_profiled_contacts') }}

),

touches as (

    select * from {{ ref('fct_touches') }}
    where account_id is not null and not is_bot

),

touch_types as (

    select * from {{ ref('touch_types') }}

),

touch_days as (

    select * from {{ ref('fct_touch_days') }}

),

intent_events as (

    select * from {{ ref('int_intent_events_attributed') }}
    where not is_bot

),

intent_days as (

    select * from {{ ref('fct_intent_days') }}

),

account_domains as (

    select * from {{ ref('account_domains') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

sales_activities as (

    select * from {{ ref('fct_sales_activities') }}

),

contacts_by_account as (

    select
        contacts.account_id,
        count(*) as contact_count,
        count(profiled_contacts.contact_id) as profiled_contact_count,
        count(distinct case when contacts.role not in ('unknown', 'NONE') then contacts.role end) as role_count

    from contacts

    left join profiled_contacts
        on contacts.contact_id = profiled_contacts.contact_id

    group by contacts.account_id

),

-- Acts of the buyer that are worth something; what sellers and machines cause is left out.
buyer_touches as (

    select touches.*

    from touches

    inner join touch_types
        on touches.touch_type = touch_types.touch_type

    where not touches.is_seller_caused and touch_types.weight > 0

),

touches_by_account as (

    select
        account_id,
        sum(case when activity_date > {{ days_before_as_of(30) }} then 1 else 0 end) as touches_30d,
        sum(case when activity_date > {{ days_before_as_of(90) }} then 1 else 0 end) as touches_90d,
        count(
            distinct case
                when contact_id is null and activity_date > {{ days_before_as_of(90) }} then person_key
            end
        ) as anonymous_visitor_count_90d,
        max(occurred_at) as last_touch_at

    from buyer_touches

    group by account_id

),

engaged_persons as (

    select
        touch_days.account_id,
        count(distinct touch_days.person_key) as engaged_person_count_90d

    from touch_days

    inner join touch_types
        on touch_days.touch_type = touch_types.touch_type

    where
        touch_days.activity_date > {{ days_before_as_of(90) }}
        and touch_types.weight > 0

    group by touch_days.account_id

),

usage_by_account as (

    select
        account_id,
        sum(case when source = 'support_tickets' and activity_date > {{ days_before_as_of(90) }} then 1 else 0 end)
            as support_tickets_90d,
        sum(case when source = 'product_events' and activity_date > {{ days_before_as_of(30) }} then 1 else 0 end)
            as product_events_30d

    from touches

    group by account_id

),

intent_persons as (

    select
        account_id,
        count(distinct person_key) as intent_person_count_28d

    from intent_events

    where
        account_id is not null
        and activity_date > {{ days_before_as_of(28) }}

    group by account_id

),

intent_person_days as (

    select
        account_id,
        sum(person_count) as intent_person_days_28d

    from intent_days

    where activity_date > {{ days_before_as_of(28) }}

    group by account_id

),

tracked_accounts as (

    select distinct account_id
    from account_domains

),

intent_log as (

    select min(activity_date) as first_activity_date
    from intent_events

),

opportunities_by_account as (

    select
        account_id,
        sum(case when not is_closed then 1 else 0 end) as open_opportunity_count,
        sum(case when not is_closed then amount_usd else 0 end) as open_opportunity_amount_usd,
        sum(case when is_won then 1 else 0 end) as won_opportunity_count,
        min(created_date) as first_opportunity_date,
        min(case when is_won then closed_date end) as first_won_date,
        min(sqo_date) as first_sqo_date

    from opportunities

    group by account_id

),

work_by_account as (

    select
        account_id,
        min(activity_date) as first_task_date

    from sales_activities

    where is_human and is_completed

    group by account_id

)

select
    accounts.account_id,
    accounts.salesforce_account_id,
    accounts.salesforce_owner_id,
    accounts.account_name,
    accounts.primary_domain,
    accounts.country_code,
    accounts.region,
    accounts.industry,
    accounts.industry_group,
    accounts.crm_type,
    accounts.parent_account_id,
    accounts.ultimate_parent_account_id,
    accounts.technologies,
    accounts.employees_count,
    accounts.revenue_usd,
    accounts.founded_year,
    accounts.technology_count,
    accounts.crm_record_count,
    accounts.source_record_count,
    cast(coalesce(contacts_by_account.contact_count, 0) as bigint) as contact_count,
    cast(coalesce(contacts_by_account.profiled_contact_count, 0) as bigint) as profiled_contact_count,
    cast(coalesce(contacts_by_account.role_count, 0) as bigint) as role_count,
    cast(coalesce(touches_by_account.touches_30d, 0) as bigint) as touches_30d,
    cast(coalesce(touches_by_account.touches_90d, 0) as bigint) as touches_90d,
    cast(coalesce(engaged_persons.engaged_person_count_90d, 0) as bigint) as engaged_person_count_90d,
    cast(coalesce(touches_by_account.anonymous_visitor_count_90d, 0) as bigint) as anonymous_visitor_count_90d,
    cast(coalesce(intent_person_days.intent_person_days_28d, 0) as bigint) as intent_person_days_28d,
    cast(coalesce(intent_persons.intent_person_count_28d, 0) as bigint) as intent_person_count_28d,
    cast(
        case
            when tracked_accounts.account_id is not null
                then {{ dbt.datediff('intent_log.first_activity_date', as_of_date(), 'day') }} + 1
        end as integer
    ) as intent_tracked_days,
    cast(coalesce(opportunities_by_account.open_opportunity_count, 0) as bigint) as open_opportunity_count,
    cast(coalesce(opportunities_by_account.open_opportunity_amount_usd, 0) as decimal(18, 2))
        as open_opportunity_amount_usd,
    cast(coalesce(opportunities_by_account.won_opportunity_count, 0) as bigint) as won_opportunity_count,
    cast(coalesce(usage_by_account.support_tickets_90d, 0) as bigint) as support_tickets_90d,
    cast(coalesce(usage_by_account.product_events_30d, 0) as bigint) as product_events_30d,
    accounts.is_in_crm,
    accounts.is_customer,
    tracked_accounts.account_id is not null and intent_log.first_activity_date is not null as is_intent_trackable,
    coalesce(opportunities_by_account.open_opportunity_count, 0) > 0 as has_open_opportunity,
    accounts.created_date,
    least(work_by_account.first_task_date, opportunities_by_account.first_opportunity_date) as first_worked_date,
    opportunities_by_account.first_sqo_date,
    opportunities_by_account.first_won_date,
    touches_by_account.last_touch_at
from accounts
cross join intent_log
left join contacts_by_account
    on accounts.account_id = contacts_by_account.account_id
left join touches_by_account
    on accounts.account_id = touches_by_account.account_id
left join engaged_persons
    on accounts.account_id = engaged_persons.account_id
left join usage_by_account
    on accounts.account_id = usage_by_account.account_id
left join intent_persons
    on accounts.account_id = intent_persons.account_id
left join intent_person_days
    on accounts.account_id = intent_person_days.account_id
left join tracked_accounts
    on accounts.account_id = tracked_accounts.account_id
left join opportunities_by_account
    on accounts.account_id = opportunities_by_account.account_id
left join work_by_account
    on accounts.account_id = work_by_account.account_id
order by accounts.account_id
