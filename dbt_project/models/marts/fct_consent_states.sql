with

statements as (

    select * from {{ ref('stg_consent__records') }}
    where email is not null and purpose is not null and channel is not null

),

readable_statements as (

    select
        email,
        purpose,
        channel,
        case
            when not is_readable then 'unreadable'
            else status
        end as status,
        lawful_basis,
        statement_source,
        record_id,
        coalesce(occurred_at, loaded_at) as stated_at,
        expires_at

    from statements

),

-- The latest statement counts. Of statements of one moment the least permissive counts.
ranked_statements as (

    select
        *,
        row_number() over (
            partition by email, purpose, channel
            order by stated_at desc nulls first, case when status = 'granted' then 1 else 0 end asc, record_id asc
        ) as channel_rank,
        row_number() over (
            partition by email, purpose
            order by stated_at desc nulls first, case when status = 'granted' then 1 else 0 end asc, record_id asc
        ) as purpose_rank

    from readable_statements

),

consent_states as (

    select
        {{ contact_key('email') }} as contact_id,
        email,
        purpose,
        channel,
        status,
        lawful_basis,
        statement_source,
        case
            when status <> 'granted' then status
            when lawful_basis is null then 'no_lawful_basis'
            when expires_at <= {{ as_of_end() }} then 'expired'
            else 'granted'
        end as state,
        coalesce(
            status = 'granted' and lawful_basis is not null and (expires_at is null or expires_at > {{ as_of_end() }}),
            false
        ) as is_granted,
        purpose_rank = 1 as is_latest_for_purpose,
        stated_at,
        expires_at

    from ranked_statements

    where channel_rank = 1

)

select * from consent_states
order by email, purpose, channel
