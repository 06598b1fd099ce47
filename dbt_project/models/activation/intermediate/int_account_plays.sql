with

accounts as (

    select * from {{ ref('account_360') }}

),

tiers as (

    select * from {{ ref('account_tiers') }}

),

plays as (

    select * from {{ ref('plays') }}
    where purpose = 'sales_outreach' and is_releasing

),

topics as (

    {{ split_to_rows('tiers', ['account_id'], 'top_topics') }}

),

matching_plays as (

    select distinct
        tiers.account_id,
        plays.play,
        plays.priority

    from tiers

    inner join accounts
        on tiers.account_id = accounts.account_id

    inner join plays
        on
            (plays.tiers is null or '|' || plays.tiers || '|' like '%|' || tiers.tier || '|%')
            and (plays.min_composite is null or tiers.composite_score >= plays.min_composite)
            and (plays.min_intent is null or tiers.intent_score >= plays.min_intent)
            and (plays.min_engagement is null or tiers.engagement_score >= plays.min_engagement)
            and (plays.stage is null or (plays.stage = 'new') = (accounts.first_worked_date is null))

    left join topics
        on
            tiers.account_id = topics.account_id
            and (plays.topic_pattern is null or {{ matches('topics.top_topics', 'plays.topic_pattern') }})

    where
        not coalesce(accounts.is_customer, false)
        and (plays.topic_pattern is null or topics.account_id is not null)

),

ranked_plays as (

    select
        account_id,
        play,
        row_number() over (partition by account_id order by priority asc, play asc) as play_rank
    from matching_plays

)

select
    account_id,
    play
from ranked_plays
where play_rank = 1
order by account_id
