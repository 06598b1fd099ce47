select
    account_id,
    sum(case when is_primary then 1 else 0 end) as primary_record_count

from {{ ref('dim_account_records') }}

group by account_id

having sum(case when is_primary then 1 else 0 end) <> 1
