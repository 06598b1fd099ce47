with

queue_offers as (

    select
        *,
        coalesce(topic, 'the topic') as topic_en,
        coalesce(topic, '課題') as topic_ja,
        sql_probability * account_value_usd as expected_value_usd
    from {{ ref('int_queue_offers') }}

),

reps as (

    select
        salesforce_user_id,
        queue_capacity,
        cast(floor(queue_capacity * {{ queue_parameter('exploration_share') }}) as integer) as exploration_slots
    from {{ ref('int_reps') }}

),

account_reasons as (

    select * from {{ ref('int_account_reasons') }}

),

role_labels as (

    select
        role,
        upper(left(label_en, 1)) || substr(label_en, 2) as label_en,
        label_ja
    from {{ ref('role_weights') }}

),

plays as (

    select * from {{ ref('plays') }}

),

sla as (

    select * from {{ ref('sla') }}

),

business_days as (

    select * from {{ ref('int_business_days') }}

),

-- Ranked by what a contact now is worth: rank among equals by account id, so that the same night gives the same queue.
ranked_released as (

    select
        queue_offers.account_id,
        row_number() over (
            partition by queue_offers.salesforce_user_id
            order by round(queue_offers.expected_value_usd, 6) desc, queue_offers.account_id asc
        ) as released_rank,
        reps.queue_capacity - reps.exploration_slots as released_slots

    from queue_offers

    inner join reps
        on queue_offers.salesforce_user_id = reps.salesforce_user_id

    where queue_offers.is_released

),

chosen_by_value as (

    select account_id from ranked_released
    where released_rank <= released_slots

),

-- Drawn at random, by a hash of account and day, from what value alone would not bring up: its outcomes are unbiased.
exploration_pool as (

    select
        queue_offers.account_id,
        reps.exploration_slots,
        row_number() over (
            partition by queue_offers.salesforce_user_id
            order by md5(queue_offers.account_id || ':' || cast({{ as_of_date() }} as varchar)) asc
        ) as draw_rank,
        count(*) over (partition by queue_offers.salesforce_user_id) as pool_size

    from queue_offers

    inner join reps
        on queue_offers.salesforce_user_id = reps.salesforce_user_id

    left join chosen_by_value
        on queue_offers.account_id = chosen_by_value.account_id

    where
        chosen_by_value.account_id is null
        and queue_offers.tier <> 'Tier 1'
        and queue_offers.fit_share >= {{ queue_parameter('exploration_min_fit_share') }}

),

chosen as (

    select
        account_id,
        false as is_exploration,
        cast(1 as double) as propensity
    from chosen_by_value

    union all

    select
        account_id,
        true as is_exploration,
        least(cast(exploration_slots as double) / pool_size, 1) as propensity
    from exploration_pool
    where draw_rank <= exploration_slots

),

queue_items as (

    select
        'q_' || md5(
            cast({{ as_of_date() }} as varchar)
            || ':' || queue_offers.account_id || ':' || queue_offers.salesforce_user_id
        ) as queue_item_key,
        queue_offers.salesforce_user_id,
        queue_offers.account_id,
        queue_offers.salesforce_account_id,
        queue_offers.contact_id,
        queue_offers.salesforce_contact_id,
        queue_offers.role,
        queue_offers.play,
        queue_offers.channel,
        account_reasons.top_reasons_en as reason_en,
        account_reasons.top_reasons_ja as reason_ja,
        replace(replace(plays.message_en, '{Role}', role_labels.label_en), '{topic}', queue_offers.topic_en)
            as suggested_action_en,
        replace(replace(plays.message_ja, '{Role}', role_labels.label_ja), '{topic}', queue_offers.topic_ja)
            as suggested_action_ja,
        cast(
            row_number() over (
                partition by queue_offers.salesforce_user_id
                order by round(queue_offers.expected_value_usd, 6) desc, queue_offers.account_id asc
            ) as integer
        ) as queue_rank,
        queue_offers.expected_value_usd,
        queue_offers.sql_probability,
        queue_offers.contactability,
        queue_offers.account_value_usd,
        chosen.propensity,
        chosen.is_exploration,
        {{ as_of_date() }} as queue_date,
        business_days.calendar_date as due_date

    from chosen

    inner join queue_offers
        on chosen.account_id = queue_offers.account_id

    inner join plays
        on queue_offers.play = plays.play

    inner join role_labels
        on queue_offers.role = role_labels.role

    left join account_reasons
        on queue_offers.account_id = account_reasons.account_id

    left join sla
        on queue_offers.tier = sla.tier

    -- A business day has eight hours; the clock starts with the first one after the night.
    left join business_days
        on
            queue_offers.country_code = business_days.country_code
            and business_days.business_day_number = ceil(sla.first_touch_business_hours / 8)

)

select
    queue_item_key,
    salesforce_user_id,
    account_id,
    salesforce_account_id,
    contact_id,
    salesforce_contact_id,
    role,
    play,
    channel,
    reason_en,
    reason_ja,
    suggested_action_en,
    suggested_action_ja,
    queue_rank,
    expected_value_usd,
    sql_probability,
    contactability,
    account_value_usd,
    propensity,
    is_exploration,
    queue_date,
    due_date,
    cast({{ dbt.dateadd('day', 'cast(' ~ queue_parameter('item_valid_days') ~ ' as integer)', 'due_date') }} as date)
        as expires_on_date
from queue_items
order by salesforce_user_id, queue_rank
