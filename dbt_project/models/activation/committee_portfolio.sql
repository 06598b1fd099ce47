-- depends_on: {{ ref('account_tiers') }}, so that the history of tiers has the row of this night
with

tier_history as (

    select
        account_id,
        tier,
        as_of_date
    from {{ source('scoring', 'tiers') }}
    where as_of_date <= {{ as_of_date() }}

),

account_aliases as (

    select * from {{ source('identity', 'account_aliases') }}

),

current_tiers as (

    select * from {{ ref('account_tiers') }}

),

committee_roles as (

    select * from {{ ref('committee_roles') }}
    where play is null

),

role_states as (

    select * from {{ ref('int_committee_role_states') }}

),

coverage as (

    select * from {{ ref('committee_coverage') }}

),

-- The last night up to the first day of the quarter; where the history begins later, its first night.
cohort_dates as (

    select
        coalesce(
            max(case when as_of_date <= {{ dbt.date_trunc('quarter', as_of_date()) }} then as_of_date end),
            min(as_of_date)
        ) as cohort_date
    from tier_history

),

-- An account that left its tier, or the CRM, stays; one that was merged since is looked up under its new id.
cohort as (

    select
        tier_history.account_id as cohort_account_id,
        coalesce(account_aliases.account_id, tier_history.account_id) as account_id,
        tier_history.tier,
        cohort_dates.cohort_date

    from tier_history

    inner join cohort_dates
        on tier_history.as_of_date = cohort_dates.cohort_date

    left join account_aliases
        on tier_history.account_id = account_aliases.alias_account_id

),

account_counts as (

    select
        cohort.cohort_account_id,
        cohort.account_id,
        cohort.tier,
        cohort.cohort_date,
        count(*) as required_role_count,
        count(case when role_states.is_covered then 1 end) as covered_role_count,
        count(case when role_states.is_reached then 1 end) as reached_role_count,
        count(case when role_states.is_covered and role_states.is_reached then 1 end)
            as covered_and_reached_role_count,
        count(case when role_states.is_engaged then 1 end) as engaged_role_count

    from cohort

    inner join committee_roles
        on cohort.tier = committee_roles.tier

    left join role_states
        on
            cohort.account_id = role_states.account_id
            and committee_roles.role = role_states.role

    group by cohort.cohort_account_id, cohort.account_id, cohort.tier, cohort.cohort_date

),

account_shares as (

    select
        account_counts.*,
        cast(account_counts.covered_role_count as double) / account_counts.required_role_count as coverage_share,
        cast(account_counts.reached_role_count as double) / account_counts.required_role_count as reach_share,
        cast(account_counts.engaged_role_count as double) / account_counts.required_role_count as engagement_share,
        coalesce(coverage.is_engaged, false) as is_engaged,
        coalesce(current_tiers.tier = account_counts.tier, false) as is_still_in_tier

    from account_counts

    left join current_tiers
        on account_counts.account_id = current_tiers.account_id

    left join coverage
        on account_counts.account_id = coverage.account_id

),

account_shares_by_group as (

    select
        *,
        tier as tier_group
    from account_shares

    union all

    select
        *,
        'all' as tier_group
    from account_shares

),

portfolio as (

    select
        tier_group as tier,
        count(*) as account_count,
        count(case when not is_still_in_tier then 1 end) as left_account_count,
        count(case when is_engaged then 1 end) as engaged_account_count,
        cast(sum(required_role_count) as bigint) as required_role_count,
        cast(sum(covered_role_count) as bigint) as covered_role_count,
        cast(sum(reached_role_count) as bigint) as reached_role_count,
        cast(sum(covered_and_reached_role_count) as bigint) as covered_and_reached_role_count,
        cast(sum(engaged_role_count) as bigint) as engaged_role_count,
        sum(cast(coverage_share as decimal(18, 9))) as coverage_sum,
        sum(cast(reach_share as decimal(18, 9))) as reach_sum,
        sum(cast(engagement_share as decimal(18, 9))) as engagement_sum,
        min(cohort_date) as cohort_date

    from account_shares_by_group

    group by tier_group

)

select
    tier,
    account_count,
    left_account_count,
    engaged_account_count,
    required_role_count,
    covered_role_count,
    reached_role_count,
    covered_and_reached_role_count,
    engaged_role_count,
    cast(covered_role_count as double) / required_role_count as micro_coverage_share,
    cast(reached_role_count as double) / required_role_count as micro_reach_share,
    cast(engaged_role_count as double) / required_role_count as micro_engagement_share,
    cast(covered_and_reached_role_count as double) / nullif(covered_role_count, 0) as conditional_reach_share,
    least(cast(coverage_sum as double) / account_count, 1) as macro_coverage_share,
    least(cast(reach_sum as double) / account_count, 1) as macro_reach_share,
    least(cast(engagement_sum as double) / account_count, 1) as macro_engagement_share,
    cast(engaged_account_count as double) / account_count as engaged_account_share,
    cohort_date,
    cast({{ dbt.date_trunc('quarter', as_of_date()) }} as date) as quarter_start_date
from portfolio
order by tier
