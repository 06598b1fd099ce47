with

accounts as (

    select * from {{ ref('account_360') }}

),

tiers as (

    select * from {{ ref('account_tiers') }}

),

members as (

    select * from {{ source('scoring', 'target_list') }}
    where as_of_date = {{ as_of_date() }}

),

changes as (

    select * from {{ source('scoring', 'target_list_changes') }}
    where as_of_date <= {{ as_of_date() }}

),

quarters as (

    select * from {{ source('scoring', 'target_list_quarters') }}
    where set_on_date <= {{ as_of_date() }}

),

reasons as (

    select * from {{ ref('target_list_reasons') }}

),

ranked_changes as (

    select
        *,
        row_number() over (partition by account_id order by as_of_date desc) as change_rank

    from changes

),

last_changes as (

    select * from ranked_changes
    where change_rank = 1

),

ranked_quarters as (

    select
        *,
        row_number() over (order by set_on_date desc, list_quarter desc) as quarter_rank

    from quarters

),

quarter_in_force as (

    select * from ranked_quarters
    where quarter_rank = 1

),

accounts_with_places as (

    select
        accounts.account_id,
        quarter_in_force.list_quarter,
        case
            when members.account_id is not null then members.reason_code
            when last_changes.action = 'removed' then last_changes.reason_code
            else 'not_among_the_best'
        end as target_list_reason,
        last_changes.detail,
        last_changes.approved_by,
        quarter_in_force.composite_threshold,
        tiers.composite_score,
        tiers.fit_points,
        tiers.intent_score,
        tiers.engagement_score,
        members.account_id is not null as is_on_target_list,
        coalesce(members.is_exception, false) as is_exception,
        coalesce(tiers.composite_score >= quarter_in_force.composite_threshold, false)
            as is_above_composite_threshold,
        members.listed_since_date,
        last_changes.as_of_date as decided_on_date

    from accounts

    left join tiers
        on accounts.account_id = tiers.account_id

    left join members
        on accounts.account_id = members.account_id

    left join last_changes
        on accounts.account_id = last_changes.account_id

    left join quarter_in_force
        on quarter_in_force.quarter_rank = 1

)

select
    accounts_with_places.account_id,
    accounts_with_places.list_quarter,
    accounts_with_places.target_list_reason,
    coalesce(reasons.label_en, 'Not on the list: others were better, or it may not enter') as target_list_reason_en,
    coalesce(reasons.label_ja, 'リスト外：上位に入らない、または対象外') as target_list_reason_ja,
    accounts_with_places.detail,
    accounts_with_places.approved_by,
    accounts_with_places.composite_threshold,
    accounts_with_places.composite_score,
    accounts_with_places.fit_points,
    accounts_with_places.intent_score,
    accounts_with_places.engagement_score,
    accounts_with_places.is_on_target_list,
    accounts_with_places.is_exception,
    accounts_with_places.is_above_composite_threshold,
    accounts_with_places.listed_since_date,
    accounts_with_places.decided_on_date
from accounts_with_places
left join reasons
    on accounts_with_places.target_list_reason = reasons.reason_code
order by accounts_with_places.account_id
