{{ config(meta={'dagster': {'ref': {'name': 'dim_account_records'}}}) }}
-- A record that matching has not seen would drop out of the marts: run the identity step after company_records.
select company_records.record_id

from {{ ref('company_records') }} as company_records

left join {{ ref('dim_account_records') }} as account_records
    on company_records.record_id = account_records.record_id

where account_records.record_id is null
