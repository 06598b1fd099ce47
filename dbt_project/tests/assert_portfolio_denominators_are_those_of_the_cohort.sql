{{ config(meta={'dagster': {'ref': {'name': 'committee_portfolio'}}}) }}
-- Recomputed from the history of tiers alone: nothing that happened to an account since may move a denominator.
with

portfolio as (

    select * from {{ ref('committee_portfolio') }}
    where tier <> 'all'

),

roles_by_tier as (

    select
        tier,
        count(distinct role) as role_count

    from {{ ref('committee_roles') }}

    where play is null

    group by tier

),

cohort as (

    select
        tiers.tier,
        count(*) as account_count

    from {{ source('scoring', 'tiers') }} as tiers

    where tiers.as_of_date = (select max(portfolio.cohort_date) from portfolio)

    group by tiers.tier

)

select
    cohort.tier,
    cohort.account_count,
    portfolio.account_count as portfolio_account_count

from cohort

inner join roles_by_tier
    on cohort.tier = roles_by_tier.tier

left join portfolio
    on cohort.tier = portfolio.tier

where
    portfolio.tier is null
    or portfolio.account_count <> cohort.account_count
    or portfolio.required_role_count <> cohort.account_count * roles_by_tier.role_count
