with

opportunities as (

    select * from {{ ref('fct_opportunities') }}
    where account_id is not null

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

industry_groups as (

    select distinct coalesce(industry_group, 'unknown') as industry_group
    from accounts

),

won_opportunities as (

    select
        coalesce(accounts.industry_group, 'unknown') as industry_group,
        cast(opportunities.amount_usd as double) as amount_usd

    from opportunities

    inner join accounts
        on opportunities.account_id = accounts.account_id

    where opportunities.is_won and opportunities.amount_usd > 0

),

all_won as (

    select
        count(*) as won_count,
        median(amount_usd) as median_usd

    from won_opportunities

),

won_by_group as (

    select
        industry_group,
        count(*) as won_count,
        median(amount_usd) as median_usd

    from won_opportunities

    group by industry_group

),

parameters as (

    select
        {{ queue_parameter('win_horizon_days') }} as horizon_days,
        {{ queue_parameter('deal_prior_strength') }} as strength,
        {{ queue_parameter('default_deal_usd') }} as default_deal_usd,
        {{ queue_parameter('default_win_rate') }} as default_win_rate

),

-- At a fixed age: qualified opportunities that are old enough, and how many of them were won within the horizon.
aged_opportunities as (

    select
        case
            when
                opportunities.is_won
                and {{ dbt.datediff('opportunities.sqo_date', 'opportunities.closed_date', 'day') }}
                <= parameters.horizon_days
                then 1
            else 0
        end as is_win

    from opportunities

    cross join parameters

    where {{ dbt.datediff('opportunities.sqo_date', as_of_date(), 'day') }} >= parameters.horizon_days

),

all_aged as (

    select
        count(*) as qualified_count,
        coalesce(sum(is_win), 0) as win_count

    from aged_opportunities

),

-- (n x + k m) / (n + k): few deals are drawn to the mean m of all, all deals to the default.
base_values as (

    select
        parameters.strength,
        (coalesce(all_won.median_usd, 0) * all_won.won_count + parameters.default_deal_usd * parameters.strength)
        / (all_won.won_count + parameters.strength) as deal_usd,
        (all_aged.win_count + parameters.default_win_rate * parameters.strength)
        / (all_aged.qualified_count + parameters.strength) as win_rate

    from parameters

    cross join all_won

    cross join all_aged

),

groups_with_deals as (

    select
        industry_groups.industry_group,
        coalesce(won_by_group.won_count, 0) as won_count,
        coalesce(won_by_group.median_usd, 0) as median_usd

    from industry_groups

    left join won_by_group
        on industry_groups.industry_group = won_by_group.industry_group

),

deal_values as (

    select
        groups_with_deals.industry_group,
        groups_with_deals.won_count,
        (groups_with_deals.median_usd * groups_with_deals.won_count + base_values.deal_usd * base_values.strength)
        / (groups_with_deals.won_count + base_values.strength) as deal_usd,
        base_values.win_rate

    from groups_with_deals

    cross join base_values

)

select
    industry_group,
    won_count,
    deal_usd,
    win_rate,
    deal_usd * win_rate as account_value_usd
from deal_values
order by industry_group
