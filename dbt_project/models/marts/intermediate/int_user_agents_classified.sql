with

page_views as (

    select * from {{ ref('stg_web__page_views') }}

),

topic_events as (

    select * from {{ ref('stg_intent__topic_events') }}

),

rules as (

    select * from {{ ref('bot_user_agents') }}

),

user_agents as (

    select user_agent from page_views
    union
    select user_agent from topic_events

),

user_agents_classified as (

    select
        user_agents.user_agent,
        (
            sum(case when rules.kind = 'browser' then 1 else 0 end) = 0
            or sum(case when rules.kind = 'machine' then 1 else 0 end) > 0
        ) as is_bot

    from user_agents

    left join rules
        on {{ matches('lower(user_agents.user_agent)', 'rules.pattern') }}

    where user_agents.user_agent is not null

    group by user_agents.user_agent

)

select * from user_agents_classified
order by user_agent
