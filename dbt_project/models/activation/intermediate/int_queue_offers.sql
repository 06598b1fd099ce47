with

accounts as (

    select * from {{ ref('account_360') }}

),

tiers as (

    select * from {{ ref('account_tiers') }}

),

eligible_accounts as (

    select * from {{ ref('int_account_eligibility') }}
    where suppressed_reason is null

),

committee_coverage as (

    select * from {{ ref('committee_coverage') }}

),

outreach_contacts as (

    select * from {{ ref('permitted_contacts') }}
    where purpose = 'sales_outreach' and is_reachable and salesforce_contact_id is not null

),

contact_rates as (

    select * from {{ ref('int_contact_rates') }}

),

role_weights as (

    select * from {{ ref('role_weights') }}
    where weight > 0 and role <> 'unknown'

),

plays as (

    select * from {{ ref('plays') }}
    where purpose = 'sales_outreach'

),

reps as (

    select * from {{ ref('int_reps') }}

),

-- A role that the tier requires; where a tier requires none, any role of a committee.
contacts_with_rates as (

    select
        outreach_contacts.account_id,
        outreach_contacts.contact_id,
        outreach_contacts.salesforce_contact_id,
        outreach_contacts.role,
        outreach_contacts.channel,
        role_weights.weight as role_weight,
        contact_rates.connect_rate

    from outreach_contacts

    inner join committee_coverage
        on outreach_contacts.account_id = committee_coverage.account_id

    inner join role_weights
        on outreach_contacts.role = role_weights.role

    inner join contact_rates
        on
            outreach_contacts.role = contact_rates.role
            and outreach_contacts.channel = contact_rates.channel

    where
        committee_coverage.required_roles is null
        or '|' || committee_coverage.covered_roles || '|' like '%|' || outreach_contacts.role || '|%'

),

ranked_contacts as (

    select
        *,
        row_number() over (
            partition by account_id
            order by role_weight desc, connect_rate desc, contact_id asc, channel asc
        ) as contact_rank

    from contacts_with_rates

),

best_contacts as (

    select * from ranked_contacts
    where contact_rank = 1

),

topics as (

    {{ split_to_rows('tiers', ['account_id'], 'top_topics') }}

),

topic_positions as (

    select
        tiers.account_id,
        topics.top_topics as topic,
        strpos('|' || tiers.top_topics || '|', '|' || topics.top_topics || '|') as topic_position

    from topics

    inner join tiers
        on topics.account_id = tiers.account_id

),

-- Every play whose conditions hold for the account and its best contact; an empty condition always holds.
matching_plays as (

    select
        best_contacts.account_id,
        plays.play,
        plays.is_releasing,
        plays.priority,
        min(topic_positions.topic_position) as topic_position

    from best_contacts

    inner join accounts
        on best_contacts.account_id = accounts.account_id

    inner join tiers
        on best_contacts.account_id = tiers.account_id

    inner join plays
        on
            (plays.tiers is null or '|' || plays.tiers || '|' like '%|' || tiers.tier || '|%')
            and (plays.min_composite is null or tiers.composite_score >= plays.min_composite)
            and (plays.min_intent is null or tiers.intent_score >= plays.min_intent)
            and (plays.min_engagement is null or tiers.engagement_score >= plays.min_engagement)
            and (plays.stage is null or (plays.stage = 'new') = (accounts.first_worked_date is null))
            and (plays.role is null or best_contacts.role = plays.role)
            and (plays.channel is null or best_contacts.channel = plays.channel)

    left join topic_positions
        on
            best_contacts.account_id = topic_positions.account_id
            and (plays.topic_pattern is null or {{ matches('topic_positions.topic', 'plays.topic_pattern') }})

    where plays.topic_pattern is null or topic_positions.account_id is not null

    group by best_contacts.account_id, plays.play, plays.is_releasing, plays.priority

),

ranked_plays as (

    select
        *,
        row_number() over (partition by account_id order by priority asc, play asc) as play_rank

    from matching_plays

),

-- The owner when an active seller; else the taker of unowned accounts whose hash with the account is smallest, so that
-- a rep who comes or goes moves only that rep's accounts.
ranked_reps as (

    select
        best_contacts.account_id,
        reps.salesforce_user_id,
        row_number() over (
            partition by best_contacts.account_id
            order by
                case when reps.salesforce_user_id = accounts.salesforce_owner_id then 0 else 1 end asc,
                case when reps.takes_unowned_accounts then 0 else 1 end asc,
                md5(best_contacts.account_id || ':' || reps.salesforce_user_id) asc
        ) as rep_rank

    from best_contacts

    inner join accounts
        on best_contacts.account_id = accounts.account_id

    cross join reps

),

queue_offers as (

    select
        eligible_accounts.account_id,
        accounts.salesforce_account_id,
        best_contacts.contact_id,
        best_contacts.salesforce_contact_id,
        ranked_reps.salesforce_user_id,
        tiers.tier,
        best_contacts.role,
        best_contacts.channel,
        ranked_plays.play,
        topic_positions.topic,
        coalesce(accounts.country_code, 'unknown') as country_code,
        tiers.fit_share,
        best_contacts.connect_rate as contactability,
        eligible_accounts.account_value_usd,
        least(
            eligible_accounts.account_sql_probability * best_contacts.connect_rate * eligible_accounts.recency_factor, 1
        ) as sql_probability,
        eligible_accounts.is_above_release_line and ranked_plays.is_releasing as is_released

    from eligible_accounts

    inner join best_contacts
        on eligible_accounts.account_id = best_contacts.account_id

    inner join accounts
        on eligible_accounts.account_id = accounts.account_id

    inner join tiers
        on eligible_accounts.account_id = tiers.account_id

    inner join ranked_plays
        on
            eligible_accounts.account_id = ranked_plays.account_id
            and ranked_plays.play_rank = 1

    inner join ranked_reps
        on
            eligible_accounts.account_id = ranked_reps.account_id
            and ranked_reps.rep_rank = 1

    left join topic_positions
        on
            eligible_accounts.account_id = topic_positions.account_id
            and ranked_plays.topic_position = topic_positions.topic_position

)

select * from queue_offers
order by account_id
