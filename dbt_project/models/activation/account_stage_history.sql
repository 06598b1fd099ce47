with

spans as (

    select * from {{ ref('int_account_stage_spans') }}

),

-- Days on which something begins or ends; between two of them no stage can change.
change_days as (

    select
        account_id,
        start_date as change_date
    from spans

    union distinct

    select
        account_id,
        end_date as change_date
    from spans
    where end_date <= {{ as_of_date() }}

),

ranked_stages as (

    select
        change_days.account_id,
        change_days.change_date,
        spans.stage,
        spans.stage_order,
        spans.reason,
        row_number() over (
            partition by change_days.account_id, change_days.change_date
            order by spans.stage_order desc, spans.start_date desc, spans.reason asc
        ) as stage_rank

    from change_days

    inner join spans
        on
            change_days.account_id = spans.account_id
            and change_days.change_date >= spans.start_date
            and (spans.end_date is null or change_days.change_date < spans.end_date)

),

stages_by_day as (

    select
        account_id,
        change_date,
        stage,
        stage_order,
        reason,
        lag(stage) over (partition by account_id order by change_date) as previous_stage,
        lag(stage_order) over (partition by account_id order by change_date) as previous_stage_order

    from ranked_stages

    where stage_rank = 1

),

entries as (

    select * from stages_by_day
    where previous_stage is null or previous_stage <> stage

)

select
    account_id,
    stage,
    previous_stage,
    reason,
    stage_order,
    coalesce(stage_order < previous_stage_order, false) as is_fall,
    change_date as entered_date,
    lead(change_date) over (partition by account_id order by change_date) as left_date
from entries
order by account_id, entered_date
