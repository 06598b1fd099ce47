with

events as (

    select * from {{ ref('int_intent_events_attributed') }}
    where account_id is not null and not is_bot

)

select
    account_id,
    topic,
    activity_date,
    count(distinct person_key) as person_count,
    count(*) as event_count
from events
group by account_id, topic, activity_date
order by account_id, topic, activity_date
