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

-- A provider may name a company by the key of another provider; a key that two providers use names nobody.
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
        'firmographics:' || coalesce(own_children.provider, children.provider, ownership.provider)
        || ':' || ownership.child_company_id as child_record_id,
        'firmographics:' || coalesce(own_parents.provider, parents.provider, ownership.provider)
        || ':' || ownership.parent_company_id as parent_record_id,
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

    -- A parent field that points at a deleted record says nothing.
    select
        'salesforce:' || salesforce_accounts.salesforce_account_id as child_record_id,
        'salesforce:' || parents.salesforce_account_id as parent_record_id,
        'crm' as kind,
        cast(salesforce_accounts.created_at as date) as valid_from_date,
        cast(null as date) as valid_to_date

    from salesforce_accounts

    inner join salesforce_accounts as parents
        on salesforce_accounts.salesforce_parent_account_id = parents.salesforce_account_id

),

-- Several providers may state one fact; it is open as long as one of them says so.
distinct_facts as (

    select
        child_record_id,
        parent_record_id,
        kind,
        valid_from_date,
        case when count(*) = count(valid_to_date) then max(valid_to_date) end as valid_to_date

    from facts

    group by child_record_id, parent_record_id, kind, valid_from_date

)

select * from distinct_facts
order by child_record_id, parent_record_id, kind, valid_from_date
