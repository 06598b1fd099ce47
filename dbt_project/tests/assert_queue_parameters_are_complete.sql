-- A parameter that a model reads and the seed lacks would be null and switch the rule off without a word.
with

expected as (

    {% for name in [
        'cooldown_days', 'experiment_hold_days', 'committee_window_days', 'mqa_window_days', 'mqa_min_persons',
        'release_min_composite', 'release_min_fit_points', 'sql_intercept', 'sql_slope', 'signal_half_life_days',
        'signal_age_cap_days', 'connect_prior_phone', 'connect_prior_email', 'connect_prior_strength',
        'reply_window_days', 'deal_prior_strength', 'default_deal_usd', 'default_win_rate', 'win_horizon_days',
        'call_needs_number', 'exploration_share', 'exploration_min_fit_share', 'item_valid_days',
        'release_needs_target_list'
    ] -%}
        select '{{ name }}' as parameter{{ ' union all' if not loop.last }}
    {% endfor %}

),

queue_parameters as (

    select * from {{ ref('queue_parameters') }}

)

select
    expected.parameter as missing_parameter,
    queue_parameters.parameter as unread_parameter
from expected
full outer join queue_parameters
    on expected.parameter = queue_parameters.parameter
where expected.parameter is null or queue_parameters.parameter is null
