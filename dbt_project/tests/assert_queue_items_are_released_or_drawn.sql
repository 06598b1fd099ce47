{{ config(meta={'dagster': {'ref': {'name': 'sdr_queue'}}}) }}
-- By value only above the release line and with a play that releases; by lot never in Tier 1 nor from the lowest fit.
with

sdr_queue as (

    select * from {{ ref('sdr_queue') }}

),

tiers as (

    select * from {{ ref('account_tiers') }}

),

plays as (

    select * from {{ ref('plays') }}

)

select
    sdr_queue.account_id,
    sdr_queue.is_exploration,
    sdr_queue.play,
    tiers.tier
from sdr_queue
left join tiers
    on sdr_queue.account_id = tiers.account_id
left join plays
    on sdr_queue.play = plays.play
where
    not coalesce(
        case
            when sdr_queue.is_exploration
                then tiers.tier <> 'Tier 1' and tiers.fit_share >= {{ queue_parameter('exploration_min_fit_share') }}
            else
                plays.is_releasing
                and tiers.composite_score >= {{ queue_parameter('release_min_composite') }}
                and tiers.fit_points >= {{ queue_parameter('release_min_fit_points') }}
        end,
        false
    )
