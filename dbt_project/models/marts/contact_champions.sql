with

contacts as (

    select * from {{ ref('dim_contacts') }}

),

touch_days as (

    select * from {{ ref('fct_touch_days') }}
    where activity_date <= {{ as_of_date() }}

),

touch_types as (

    select * from {{ ref('touch_types') }}

),

decided_champions as (

    select * from {{ ref('int_decided_roles') }}
    where is_champion is not null

),

deep_days as (

    select
        touch_days.account_id,
        touch_days.person_key,
        touch_days.activity_date,
        sum(touch_days.touch_count) as deep_touch_count

    from touch_days

    inner join touch_types
        on touch_days.touch_type = touch_types.touch_type

    where touch_types.is_deep

    group by touch_days.account_id, touch_days.person_key, touch_days.activity_date

),

-- Whose deep touches of the present window are enough; students and the like champion nothing.
candidates as (

    select
        deep_days.account_id,
        deep_days.person_key

    from deep_days

    inner join contacts
        on
            deep_days.person_key = contacts.contact_id
            and deep_days.account_id = contacts.account_id

    where
        contacts.role <> 'NONE'
        and {{ dbt.datediff('deep_days.activity_date', as_of_date(), 'day') }}
        < {{ mart_parameter('champion_window_days') }}

    group by deep_days.account_id, deep_days.person_key

    having sum(deep_days.deep_touch_count) >= {{ mart_parameter('champion_min_deep_touches') }}

),

candidate_accounts as (

    select distinct account_id from candidates

),

newcomers as (

    select
        touch_days.account_id,
        touch_days.person_key,
        min(touch_days.activity_date) as first_touch_date

    from touch_days

    inner join candidate_accounts
        on touch_days.account_id = candidate_accounts.account_id

    group by touch_days.account_id, touch_days.person_key

),

-- A colleague who appears belongs to whoever was deep in the matter last before; of several on one day to each of them.
introductions as (

    select
        newcomers.account_id,
        newcomers.person_key as colleague_key,
        newcomers.first_touch_date,
        deep_days.person_key,
        rank() over (
            partition by newcomers.account_id, newcomers.person_key order by deep_days.activity_date desc
        ) as introduction_rank

    from newcomers

    inner join deep_days
        on
            newcomers.account_id = deep_days.account_id
            and newcomers.person_key <> deep_days.person_key
            and newcomers.first_touch_date > deep_days.activity_date
            and {{ dbt.datediff('deep_days.activity_date', 'newcomers.first_touch_date', 'day') }}
            <= {{ mart_parameter('champion_colleague_days') }}

),

evidence as (

    select
        account_id,
        person_key,
        activity_date as evidence_date,
        deep_touch_count,
        0 as colleague_count
    from deep_days

    union all

    select
        account_id,
        person_key,
        first_touch_date as evidence_date,
        0 as deep_touch_count,
        1 as colleague_count
    from introductions
    where introduction_rank = 1

    union all

    select
        account_id,
        person_key,
        activity_date as evidence_date,
        0 as deep_touch_count,
        touch_count as colleague_count
    from touch_days
    where touch_type = 'invite_sent'

),

candidate_evidence as (

    select evidence.*

    from evidence

    inner join candidates
        on
            evidence.account_id = candidates.account_id
            and evidence.person_key = candidates.person_key

),

-- The days on which a person can become a champion or stop to be one: evidence comes, or grows too old.
turning_days as (

    select
        account_id,
        person_key,
        evidence_date as turning_date
    from candidate_evidence

    union

    select
        account_id,
        person_key,
        cast(
            {{ dbt.dateadd(
                'day', 'cast(' ~ mart_parameter('champion_window_days') ~ ' as integer)', 'evidence_date'
            ) }} as date
        ) as turning_date
    from candidate_evidence

    union

    select
        account_id,
        person_key,
        {{ as_of_date() }} as turning_date
    from candidates

),

days_judged as (

    select
        turning_days.account_id,
        turning_days.person_key,
        turning_days.turning_date,
        sum(candidate_evidence.deep_touch_count) as deep_touch_count,
        sum(candidate_evidence.colleague_count) as colleague_count,
        sum(candidate_evidence.deep_touch_count) >= {{ mart_parameter('champion_min_deep_touches') }}
        and sum(candidate_evidence.colleague_count) >= {{ mart_parameter('champion_min_colleagues') }} as is_champion

    from turning_days

    inner join candidate_evidence
        on
            turning_days.account_id = candidate_evidence.account_id
            and turning_days.person_key = candidate_evidence.person_key

    where
        turning_days.turning_date <= {{ as_of_date() }}
        and candidate_evidence.evidence_date <= turning_days.turning_date
        and {{ dbt.datediff('candidate_evidence.evidence_date', 'turning_days.turning_date', 'day') }}
        < {{ mart_parameter('champion_window_days') }}

    group by turning_days.account_id, turning_days.person_key, turning_days.turning_date

),

-- A day on which all evidence has grown too old has no row above and ends a time as champion all the same.
all_days as (

    select
        turning_days.account_id,
        turning_days.person_key,
        turning_days.turning_date,
        days_judged.deep_touch_count,
        days_judged.colleague_count,
        coalesce(days_judged.is_champion, false) as is_champion,
        max(case when not coalesce(days_judged.is_champion, false) then turning_days.turning_date end) over (
            partition by turning_days.account_id, turning_days.person_key
        ) as last_other_date

    from turning_days

    left join days_judged
        on
            turning_days.account_id = days_judged.account_id
            and turning_days.person_key = days_judged.person_key
            and turning_days.turning_date = days_judged.turning_date

    where turning_days.turning_date <= {{ as_of_date() }}

),

behaviour as (

    select
        account_id,
        person_key as contact_id,
        min(turning_date) as champion_since_date,
        max(case when turning_date = {{ as_of_date() }} then deep_touch_count end) as deep_touch_count,
        max(case when turning_date = {{ as_of_date() }} then colleague_count end) as colleague_count

    from all_days

    where is_champion and (last_other_date is null or turning_date > last_other_date)

    group by account_id, person_key

),

champions as (

    select
        contacts.contact_id,
        contacts.account_id,
        case when decided_champions.is_champion then 'decided' else 'behaviour' end as champion_reason,
        cast(behaviour.deep_touch_count as bigint) as deep_touch_count,
        cast(behaviour.colleague_count as bigint) as colleague_count,
        coalesce(decided_champions.champion_decided_date, behaviour.champion_since_date) as champion_since_date

    from contacts

    left join behaviour
        on contacts.contact_id = behaviour.contact_id

    left join decided_champions
        on contacts.contact_id = decided_champions.contact_id

    where coalesce(decided_champions.is_champion, behaviour.contact_id is not null)

)

select * from champions
order by contact_id
