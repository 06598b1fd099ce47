select account_id
from {{ ref('funnel_accounts') }}
where
    greatest(targeted_date, first_touch_date, mqa_date, sql_date, sqo_date, won_date) > {{ as_of_date() }}
    or (won_date is null and won_amount_usd is not null)
    or (won_date is not null and sql_date > won_date)
