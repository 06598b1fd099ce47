with

ownership as (

    select * from {{ ref('stg_firmographics__ownership') }}

),

companies as (

    select * from {{ ref('stg_firmographics__companies') }}

),

salesforce_accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}
    where not coalesce(is_deleted, false)

),

company_records as (

    select * from {{ ref('company_records') }}

),

members as (

    select * from {{ source('identity', 'account_members') }}

),

-- Matching remembers records that are not visible tonight; a fact about one of those waits for it.
account_members as (

    select
        members.record_id,
        members.account_id

    from members

    inner join company_records
        on members.record_id = company_records.record_id

),

-- A provider may name the parent by the key of another provider; a key that two providers use names nobody.
company_ids as (

    select
        company_id,
        min(provider) as provider

    from companies

    group by company_id

    having count(distinct provider) = 1

),

facts as (

    select
        'firmographics:' || coalesce(own_children.provider, children.provider) || ':' || ownership.child_company_id
            as child_record_id,
        'firmographics:' || coalesce(own_parents.provider, parents.provider) || ':' || ownership.parent_company_id
            as parent_record_id,
        coalesce(ownership.kind, 'unknown') as kind,
        ownership.valid_from_date,
        ownership.valid_to_date

    from ownership

    left join companies as own_children
        on ownership.provider = own_children.provider and ownership.child_company_id = own_children.company_id

    left join companies as own_parents
        on ownership.provider = own_parents.provider and ownership.parent_company_id = own_parents.company_id

    left join company_ids as children
        on ownership.child_company_id = children.company_id

    left join company_ids as parents
        on ownership.parent_company_id = parents.company_id

    union all

    select
        'salesforce:' || salesforce_account_id as child_record_id,
        'salesforce:' || salesforce_parent_account_id as parent_record_id,
        'crm' as kind,
        cast(created_at as date) as valid_from_date,
        cast(null as date) as valid_to_date

    from salesforce_accounts

    where salesforce_parent_account_id is not null

),

account_facts as (

    select
        children.account_id,
        parents.account_id as parent_account_id,
        facts.kind,
        facts.valid_from_date,
        max(facts.valid_to_date) as valid_to_date,
        count(*) - count(facts.valid_to_date) as open_fact_count

    from facts

    inner join account_members as children
        on facts.child_record_id = children.record_id

    inner join account_members as parents
        on facts.parent_record_id = parents.record_id

    where children.account_id <> parents.account_id

    group by children.account_id, parents.account_id, facts.kind, facts.valid_from_date

)

select
    account_id,
    parent_account_id,
    kind,
    valid_from_date,
    case when open_fact_count = 0 then valid_to_date end as valid_to_date
from account_facts
order by account_id, parent_account_id, kind, valid_from_date
