with

record_sites as (

    select * from {{ ref('record_sites') }}

),

company_records as (

    select * from {{ ref('company_records') }}

),

record_keys as (

    select * from {{ source('identity', 'record_keys') }}

),

records as (

    select
        record_sites.site_id,
        record_sites.account_id,
        record_sites.site_key,
        company_records.source,
        record_keys.branch,
        coalesce(record_keys.branch, company_records.company_name) as site_name,
        company_records.address,
        company_records.postal_code,
        coalesce({{ matches(folded_text('record_keys.branch'), "'本社|本店|headquarters|head ?office|^hq$'") }}, false)
            as is_named_headquarters,
        company_records.source = 'firmographics' and record_keys.corporate_number is not null as is_registered,
        row_number() over (
            partition by record_sites.site_id
            order by
                case when company_records.address is null then 1 else 0 end asc,
                case when record_keys.branch is null then 1 else 0 end asc,
                case when company_records.source = 'salesforce' then 0 else 1 end asc,
                company_records.record_id asc
        ) as record_rank

    from record_sites

    inner join company_records
        on record_sites.record_id = company_records.record_id

    left join record_keys
        on record_sites.record_id = record_keys.record_id

),

sites as (

    select
        site_id,
        account_id,
        site_key,
        max(case when record_rank = 1 then site_name end) as site_name,
        min(branch) as branch,
        max(case when record_rank = 1 then address end) as address,
        max(case when record_rank = 1 then postal_code end) as postal_code,
        count(*) as record_count,
        sum(case when source = 'salesforce' then 1 else 0 end) as crm_record_count,
        max(case when is_named_headquarters then 1 else 0 end) as named_rank,
        max(case when is_registered then 1 else 0 end) as registered_rank,
        site_key <> 'unplaced'
        and (min(branch) is null or max(case when is_named_headquarters then 1 else 0 end) = 1) as can_be_headquarters

    from records

    group by site_id, account_id, site_key

),

ranked_sites as (

    select
        *,
        count(*) over (partition by account_id, can_be_headquarters) as candidate_count,
        row_number() over (
            partition by account_id, can_be_headquarters
            order by named_rank desc, registered_rank desc, record_count desc, crm_record_count desc, site_key asc
        ) as headquarters_rank

    from sites

)

select
    site_id,
    account_id,
    site_key,
    site_name,
    branch,
    address,
    postal_code,
    case
        when not can_be_headquarters or headquarters_rank > 1 then null
        when named_rank = 1 then 'named'
        when candidate_count = 1 then 'only_site'
        when registered_rank = 1 then 'registered'
        else 'most_records'
    end as headquarters_rule,
    record_count,
    crm_record_count,
    can_be_headquarters and headquarters_rank = 1 as is_headquarters
from ranked_sites
order by site_id
