-- The table is activation.tiers. The model is not called so because dbt knows the seed rules.tiers by that name.
-- depends_on: {{ ref('tiers') }}, which its test reads
{{ config(alias='tiers') }}

with

tiers as (

    select * from {{ source('scoring', 'tiers') }}
    where as_of_date = {{ as_of_date() }}

),

composite_scores as (

    select * from {{ source('scoring', 'composite_scores') }}
    where as_of_date = {{ as_of_date() }}

),

fit_scores as (

    select * from {{ source('scoring', 'fit_scores') }}
    where as_of_date = {{ as_of_date() }}

),

intent_scores as (

    select * from {{ source('scoring', 'intent_scores') }}
    where as_of_date = {{ as_of_date() }}

),

engagement_scores as (

    select * from {{ source('scoring', 'engagement_scores') }}
    where as_of_date = {{ as_of_date() }}

),

tiers_with_scores as (

    select
        tiers.account_id,
        tiers.tier,
        tiers.previous_tier,
        tiers.tier_reason,
        composite_scores.method as score_method,
        intent_scores.top_topics,
        cast(tiers.tier_rank as bigint) as tier_rank,
        composite_scores.composite_score,
        fit_scores.fit_points,
        fit_scores.fit_share,
        intent_scores.intent_score,
        engagement_scores.engagement_score,
        tiers.is_locked,
        tiers.tier_since_date

    from tiers

    left join composite_scores
        on tiers.account_id = composite_scores.account_id

    left join fit_scores
        on tiers.account_id = fit_scores.account_id

    left join intent_scores
        on tiers.account_id = intent_scores.account_id

    left join engagement_scores
        on tiers.account_id = engagement_scores.account_id

)

select * from tiers_with_scores
order by account_id
