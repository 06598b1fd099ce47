with

accounts as (

    select * from {{ ref('dim_accounts') }}

),

account_records as (

    select * from {{ ref('dim_account_records') }}

),

record_sites as (

    select * from {{ ref('record_sites') }}

),

record_keys as (

    select * from {{ source('identity', 'record_keys') }}

),

contact_accounts as (

    select * from {{ ref('contact_accounts') }}

),

crm_contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}
    where not coalesce(is_deleted, false)

),

touches as (

    select * from {{ ref('fct_touches') }}

),

touch_types as (

    select * from {{ ref('touch_types') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

salesforce_opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

-- A person counts on every account where the CRM has a contact of his, and on the one that he is attached to.
account_contacts as (

    select
        account_id,
        contact_id

    from contact_accounts

    where account_id is not null

    union

    select
        account_records.account_id,
        {{ contact_key('crm_contacts.email', 'crm_contacts.salesforce_contact_id') }} as contact_id

    from crm_contacts

    inner join account_records
        on 'salesforce:' || crm_contacts.salesforce_account_id = account_records.record_id

),

account_domains as (

    select distinct
        account_records.account_id,
        record_keys.registrable_domain

    from account_records

    inner join record_keys
        on account_records.record_id = record_keys.record_id

    where record_keys.domain_kind in ('company', 'shared')

),

touches_by_account as (

    select
        touches.account_id,
        count(*) as touch_count

    from touches

    inner join touch_types
        on touches.touch_type = touch_types.touch_type

    where
        touches.account_id is not null
        and not touches.is_bot
        and not touches.is_seller_caused
        and touch_types.weight > 0
        and touches.activity_date > {{ days_before_as_of(90) }}

    group by touches.account_id

),

opportunities_with_site as (

    select
        opportunities.opportunity_id,
        opportunities.account_id,
        record_sites.site_id,
        opportunities.is_closed,
        opportunities.is_won,
        opportunities.amount_usd

    from opportunities

    left join salesforce_opportunities
        on opportunities.opportunity_id = salesforce_opportunities.opportunity_id

    left join record_sites
        on
            'salesforce:' || salesforce_opportunities.salesforce_account_id = record_sites.record_id
            and opportunities.account_id = record_sites.account_id

    where opportunities.account_id is not null and opportunities.amount_usd is not null

),

metric_items as (

    select
        'employees' as metric,
        account_id,
        cast(null as varchar) as site_id,
        account_id as item_key,
        cast(employees_count as double) as item_value
    from accounts
    where employees_count is not null

    union all

    select
        'revenue_usd' as metric,
        account_id,
        cast(null as varchar) as site_id,
        account_id as item_key,
        revenue_usd as item_value
    from accounts
    where revenue_usd is not null

    union all

    select
        'contacts' as metric,
        account_id,
        cast(null as varchar) as site_id,
        contact_id as item_key,
        cast(1 as double) as item_value
    from account_contacts

    union all

    select
        'domains' as metric,
        account_id,
        cast(null as varchar) as site_id,
        registrable_domain as item_key,
        cast(1 as double) as item_value
    from account_domains

    union all

    select
        'touches_90d' as metric,
        account_id,
        cast(null as varchar) as site_id,
        account_id as item_key,
        cast(touch_count as double) as item_value
    from touches_by_account

    union all

    select
        'open_pipeline_usd' as metric,
        account_id,
        site_id,
        opportunity_id as item_key,
        cast(amount_usd as double) as item_value
    from opportunities_with_site
    where not is_closed

    union all

    select
        'won_amount_usd' as metric,
        account_id,
        site_id,
        opportunity_id as item_key,
        cast(amount_usd as double) as item_value
    from opportunities_with_site
    where is_won

)

select
    metric,
    account_id,
    site_id,
    item_key,
    case when abs(item_value) < 1e18 then cast(item_value as decimal(28, 2)) end as item_value
from metric_items
where item_value is not null
order by metric, account_id, item_key
