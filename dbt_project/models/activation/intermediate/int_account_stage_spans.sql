with

accounts as (

    select * from {{ ref('account_360') }}

),

stages as (

    select * from {{ ref('account_stages') }}

),

crm_account_types as (

    select * from {{ ref('crm_account_types') }}

),

stage_days as (

    select * from {{ ref('int_account_stage_days') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}
    where account_id is not null and created_date <= {{ as_of_date() }}

),

list_changes as (

    select * from {{ source('scoring', 'target_list_changes') }}
    where as_of_date <= {{ as_of_date() }} and action <> 'kept'

),

fit_scores as (

    select * from {{ source('scoring', 'fit_scores') }}
    where as_of_date <= {{ as_of_date() }}

),

list_changes_with_next as (

    select
        account_id,
        action,
        least(listed_since_date, as_of_date) as start_date,
        lead(as_of_date) over (partition by account_id order by as_of_date) as end_date

    from list_changes

),

-- How many persons count on each day on which that number changes.
person_changes as (

    select
        account_id,
        start_date as change_date,
        1 as person_change

    from stage_days

    where stage = 'Engaged'

    union all

    select
        account_id,
        end_date as change_date,
        -1 as person_change

    from stage_days

    where stage = 'Engaged' and end_date is not null

),

person_changes_by_day as (

    select
        account_id,
        change_date,
        sum(person_change) as person_change

    from person_changes

    group by account_id, change_date

),

person_counts as (

    select
        account_id,
        change_date as start_date,
        lead(change_date) over (partition by account_id order by change_date) as end_date,
        sum(person_change) over (
            partition by account_id
            order by change_date
            rows between unbounded preceding and current row
        ) as person_count

    from person_changes_by_day

),

engaged_spans as (

    select
        person_counts.account_id,
        person_counts.start_date,
        person_counts.end_date

    from person_counts

    inner join stages
        on
            stages.stage = 'Engaged'
            and person_counts.person_count >= stages.min_persons

),

engaged_accounts as (

    select distinct account_id from engaged_spans

),

-- The fit of a night holds until the next scored night; before the first nothing is known and nothing is guessed.
fit_nights as (

    select
        fit_scores.account_id,
        fit_scores.as_of_date,
        coalesce(fit_scores.fit_points >= stages.min_fit_points, false) as is_fit,
        lag(coalesce(fit_scores.fit_points >= stages.min_fit_points, false)) over (
            partition by fit_scores.account_id
            order by fit_scores.as_of_date
        ) as was_fit

    from fit_scores

    inner join engaged_accounts
        on fit_scores.account_id = engaged_accounts.account_id

    inner join stages
        on stages.stage = 'MQA'

),

fit_spans as (

    select
        account_id,
        is_fit,
        as_of_date as start_date,
        lead(as_of_date) over (partition by account_id order by as_of_date) as end_date

    from fit_nights

    where was_fit is null or is_fit <> was_fit

),

won_accounts as (

    select
        account_id,
        min(closed_date) as won_date

    from opportunities

    where is_won

    group by account_id

),

stage_spans as (

    select
        accounts.account_id,
        'Target' as stage,
        'crm_type' as reason,
        coalesce(accounts.created_date, {{ as_of_date() }}) as start_date,
        cast(null as date) as end_date

    from accounts

    inner join crm_account_types
        on lower(accounts.crm_type) = lower(crm_account_types.crm_type)

    where crm_account_types.is_target

    union all

    select
        account_id,
        'Target' as stage,
        'target_list' as reason,
        start_date,
        end_date

    from list_changes_with_next

    where action = 'added'

    union all

    select
        account_id,
        stage,
        reason,
        start_date,
        end_date

    from stage_days

    where stage <> 'Engaged'

    union all

    select
        account_id,
        'Engaged' as stage,
        'high_intent_persons' as reason,
        start_date,
        end_date

    from engaged_spans

    union all

    select
        engaged_spans.account_id,
        'MQA' as stage,
        'engaged_and_fit' as reason,
        greatest(engaged_spans.start_date, fit_spans.start_date) as start_date,
        case
            when engaged_spans.end_date is null then fit_spans.end_date
            when fit_spans.end_date is null then engaged_spans.end_date
            else least(engaged_spans.end_date, fit_spans.end_date)
        end as end_date

    from engaged_spans

    inner join fit_spans
        on engaged_spans.account_id = fit_spans.account_id

    where fit_spans.is_fit

    union all

    select
        account_id,
        'SQL' as stage,
        'opportunity_open' as reason,
        created_date as start_date,
        closed_date as end_date

    from opportunities

    where not is_closed or closed_date is not null

    union all

    select
        account_id,
        'Pipeline' as stage,
        'qualified_opportunity' as reason,
        sqo_date as start_date,
        closed_date as end_date

    from opportunities

    where sqo_date is not null

    union all

    select
        account_id,
        'Customer' as stage,
        'won' as reason,
        won_date as start_date,
        cast(null as date) as end_date

    from won_accounts

    union all

    -- A customer by its type only: the CRM does not say since when.
    select
        accounts.account_id,
        'Customer' as stage,
        'crm_type' as reason,
        coalesce(accounts.created_date, {{ as_of_date() }}) as start_date,
        cast(null as date) as end_date

    from accounts

    left join won_accounts
        on accounts.account_id = won_accounts.account_id

    where accounts.is_customer and won_accounts.account_id is null

),

known_spans as (

    select
        stage_spans.account_id,
        stage_spans.stage,
        stage_spans.reason,
        stage_spans.start_date,
        stage_spans.end_date

    from stage_spans

    inner join accounts
        on stage_spans.account_id = accounts.account_id

    where
        stage_spans.start_date <= {{ as_of_date() }}
        and (stage_spans.end_date is null or stage_spans.start_date < stage_spans.end_date)

),

first_days as (

    select
        account_id,
        min(start_date) as first_date

    from known_spans

    group by account_id

),

-- Facts can be older than the record in the CRM: a company visits before somebody enters it.
all_spans as (

    select * from known_spans

    union all

    select
        accounts.account_id,
        'Untargeted' as stage,
        'in_crm' as reason,
        least(coalesce(accounts.created_date, {{ as_of_date() }}), coalesce(first_days.first_date, {{ as_of_date() }}))
            as start_date,
        cast(null as date) as end_date

    from accounts

    left join first_days
        on accounts.account_id = first_days.account_id

)

select
    all_spans.account_id,
    all_spans.stage,
    all_spans.reason,
    stages.stage_order,
    all_spans.start_date,
    all_spans.end_date
from all_spans
inner join stages
    on all_spans.stage = stages.stage
order by all_spans.account_id, stages.stage_order, all_spans.start_date, all_spans.reason
