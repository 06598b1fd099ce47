-- The table is activation.account_stages. The model is not called so because dbt knows the seed rules.account_stages by
-- that name.
{{ config(alias='account_stages') }}

with

history as (

    select * from {{ ref('account_stage_history') }}
    where left_date is null

),

labels as (

    select * from {{ ref('account_stages') }}

)

select
    history.account_id,
    history.stage,
    labels.label_en as stage_en,
    labels.label_ja as stage_ja,
    history.previous_stage,
    history.reason,
    history.stage_order,
    cast({{ dbt.datediff('history.entered_date', as_of_date(), 'day') }} as bigint) as days_in_stage,
    history.entered_date as stage_since_date
from history
left join labels
    on history.stage = labels.stage
order by history.account_id
