with

accounts as (

    select * from {{ ref('account_360') }}

),

tiers as (

    select * from {{ ref('account_tiers') }}

),

account_signals as (

    select * from {{ ref('int_account_signals') }}

),

target_list as (

    select * from {{ ref('target_list') }}

),

held_accounts as (

    select * from {{ ref('int_held_accounts') }}

),

outreach_contacts as (

    select * from {{ ref('permitted_contacts') }}
    where purpose = 'sales_outreach' and is_reachable and salesforce_contact_id is not null

),

accounts_with_contacts as (

    select distinct account_id from outreach_contacts

),

deal_values as (

    select * from {{ ref('int_deal_values') }}

),

account_facts as (

    select
        accounts.account_id,
        accounts.is_customer,
        accounts.has_open_opportunity,
        held_accounts.account_id is not null as is_held,
        accounts_with_contacts.account_id is not null as has_permitted_contact,
        account_signals.last_human_touch_date,
        account_signals.last_signal_date,
        least(
            coalesce({{ dbt.datediff('account_signals.last_signal_date', as_of_date(), 'day') }}, 100000),
            {{ queue_parameter('signal_age_cap_days') }}
        ) as signal_age_days,
        coalesce(
            {{ dbt.datediff('account_signals.last_human_touch_date', as_of_date(), 'day') }}
            < {{ queue_parameter('cooldown_days') }},
            false
        ) as is_in_cooldown,
        tiers.composite_score,
        tiers.fit_points,
        -- 0 and 100 would be minus and plus infinity on the scale of log-odds.
        case when tiers.composite_score is not null then least(greatest(tiers.composite_score / 100, 0.005), 0.995) end
            as composite_share,
        deal_values.account_value_usd,
        coalesce(target_list.is_on_target_list, false) and coalesce(target_list.is_above_composite_threshold, false)
            as is_on_list_above_threshold

    from accounts

    left join tiers
        on accounts.account_id = tiers.account_id

    left join account_signals
        on accounts.account_id = account_signals.account_id

    left join target_list
        on accounts.account_id = target_list.account_id

    left join held_accounts
        on accounts.account_id = held_accounts.account_id

    left join accounts_with_contacts
        on accounts.account_id = accounts_with_contacts.account_id

    left join deal_values
        on coalesce(accounts.industry_group, 'unknown') = deal_values.industry_group

)

select
    account_id,
    case
        when is_customer then 'customer'
        when has_open_opportunity then 'open_opportunity'
        when is_held then 'comparison_group'
        when not has_permitted_contact then 'no_permitted_contact'
        when is_in_cooldown then 'cooldown'
        when composite_score is null then 'not_scored'
    end as suppressed_reason,
    account_value_usd,
    1 / (
        1 + exp(
            -(
                {{ queue_parameter('sql_intercept') }}
                + {{ queue_parameter('sql_slope') }} * ln(composite_share / (1 - composite_share))
            )
        )
    ) as account_sql_probability,
    power(2, -signal_age_days / {{ queue_parameter('signal_half_life_days') }}) as recency_factor,
    coalesce(
        case
            when {{ queue_parameter('release_needs_target_list') }} = 1 then is_on_list_above_threshold
            else composite_score >= {{ queue_parameter('release_min_composite') }}
        end
        and fit_points >= {{ queue_parameter('release_min_fit_points') }},
        false
    ) as is_above_release_line,
    last_signal_date,
    last_human_touch_date
from account_facts
order by account_id
