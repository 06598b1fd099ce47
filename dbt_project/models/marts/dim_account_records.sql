with

company_records as (

    select * from {{ ref('company_records') }}

),

account_members as (

    select * from {{ source('identity', 'account_members') }}

),

salesforce_accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

-- The oldest CRM record is the primary one: the others were duplicated from it, and it does not change by use.
ranked_records as (

    select
        company_records.record_id,
        account_members.account_id,
        company_records.source,
        company_records.source_id,
        row_number() over (
            partition by account_members.account_id
            order by
                case company_records.source when 'salesforce' then 1 when 'firmographics' then 2 else 3 end,
                coalesce(salesforce_accounts.created_at, cast(company_records.first_seen_date as timestamp)),
                company_records.record_id
        ) = 1 as is_primary

    from company_records

    inner join account_members
        on company_records.record_id = account_members.record_id

    left join salesforce_accounts
        on
            company_records.source = 'salesforce'
            and company_records.source_id = salesforce_accounts.salesforce_account_id

)

select * from ranked_records
order by record_id
