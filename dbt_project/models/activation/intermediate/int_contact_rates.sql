with

sales_activities as (

    select * from {{ ref('fct_sales_activities') }}
    where is_human and is_completed and contact_id is not null

),

contacts as (

    select * from {{ ref('dim_contacts') }}

),

role_weights as (

    select * from {{ ref('role_weights') }}

),

priors as (

    select
        'phone' as channel,
        {{ queue_parameter('connect_prior_phone') }} as prior_rate,
        {{ queue_parameter('connect_prior_strength') }} as strength

    union all

    select
        'email' as channel,
        {{ queue_parameter('connect_prior_email') }} as prior_rate,
        {{ queue_parameter('connect_prior_strength') }} as strength

),

two_way_contacts as (

    select
        contact_id,
        activity_date as two_way_date

    from sales_activities

    where is_connected or task_type = 'meeting'

),

-- The CRM does not say that an e-mail was answered: a call or a meeting with the same person soon after counts as that.
emails_with_answers as (

    select
        emails.task_id,
        emails.contact_id,
        max(case when two_way_contacts.contact_id is not null then 1 else 0 end) as is_answered

    from sales_activities as emails

    left join two_way_contacts
        on
            emails.contact_id = two_way_contacts.contact_id
            and emails.activity_date < two_way_contacts.two_way_date
            and {{ dbt.datediff('emails.activity_date', 'two_way_contacts.two_way_date', 'day') }}
            <= {{ queue_parameter('reply_window_days') }}

    where
        emails.task_type = 'email'
        and {{ dbt.datediff('emails.activity_date', as_of_date(), 'day') }} > {{ queue_parameter('reply_window_days') }}

    group by emails.task_id, emails.contact_id

),

attempts as (

    select
        contact_id,
        'phone' as channel,
        case when is_connected then 1 else 0 end as is_connect

    from sales_activities

    where task_type = 'call'

    union all

    select
        contact_id,
        'email' as channel,
        is_answered as is_connect

    from emails_with_answers

),

attempts_by_role as (

    select
        contacts.role,
        attempts.channel,
        count(*) as attempt_count,
        sum(attempts.is_connect) as connect_count

    from attempts

    inner join contacts
        on attempts.contact_id = contacts.contact_id

    group by contacts.role, attempts.channel

),

-- The channel's own rate is drawn to the prior, each role's rate to the channel's: (y + 20 m) / (n + 20).
channel_rates as (

    select
        priors.channel,
        priors.strength,
        (coalesce(sum(attempts_by_role.connect_count), 0) + priors.strength * priors.prior_rate)
        / (coalesce(sum(attempts_by_role.attempt_count), 0) + priors.strength) as channel_rate

    from priors

    left join attempts_by_role
        on priors.channel = attempts_by_role.channel

    group by priors.channel, priors.strength, priors.prior_rate

),

contact_rates as (

    select
        role_weights.role,
        channel_rates.channel,
        cast(coalesce(attempts_by_role.attempt_count, 0) as bigint) as attempt_count,
        cast(coalesce(attempts_by_role.connect_count, 0) as bigint) as connect_count,
        channel_rates.channel_rate,
        (coalesce(attempts_by_role.connect_count, 0) + channel_rates.strength * channel_rates.channel_rate)
        / (coalesce(attempts_by_role.attempt_count, 0) + channel_rates.strength) as connect_rate

    from role_weights

    cross join channel_rates

    left join attempts_by_role
        on
            role_weights.role = attempts_by_role.role
            and channel_rates.channel = attempts_by_role.channel

)

select * from contact_rates
order by role, channel
