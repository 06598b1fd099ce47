with

decisions as (

    select * from {{ ref('int_contact_role_decisions') }}
    where is_known

),

-- The newest decision about each thing counts; of two of one day the one by CRM id, then by address.
ranked_decisions as (

    select
        *,
        row_number() over (
            partition by contact_id
            order by case when role is not null then 0 else 1 end asc, decided_date desc, contact asc
        ) as role_rank,
        row_number() over (
            partition by contact_id
            order by case when seniority is not null then 0 else 1 end asc, decided_date desc, contact asc
        ) as seniority_rank,
        row_number() over (
            partition by contact_id
            order by case when is_champion is not null then 0 else 1 end asc, decided_date desc, contact asc
        ) as champion_rank

    from decisions

),

decided_roles as (

    select
        contact_id,
        max(case when role_rank = 1 then role end) as role,
        max(case when seniority_rank = 1 then seniority end) as seniority,
        max(case when role_rank = 1 and role is not null then decided_by end) as role_decided_by,
        max(case when seniority_rank = 1 and seniority is not null then decided_by end) as seniority_decided_by,
        max(case when champion_rank = 1 and is_champion is not null then decided_by end) as champion_decided_by,
        max(case when champion_rank = 1 then case when is_champion then 1 when not is_champion then 0 end end) = 1
            as is_champion,
        max(case when role_rank = 1 and role is not null then decided_date end) as role_decided_date,
        max(case when seniority_rank = 1 and seniority is not null then decided_date end) as seniority_decided_date,
        max(case when champion_rank = 1 and is_champion is not null then decided_date end) as champion_decided_date

    from ranked_decisions

    group by contact_id

)

select
    contact_id,
    role,
    seniority,
    'decided by ' || coalesce(role_decided_by, seniority_decided_by)
    || ' on ' || cast(coalesce(role_decided_date, seniority_decided_date) as varchar) as decision,
    champion_decided_by,
    is_champion,
    champion_decided_date
from decided_roles
order by contact_id
