with

company_records as (

    select * from {{ ref('company_records') }}

),

account_members as (

    select * from {{ source('identity', 'account_members') }}

),

record_keys as (

    select * from {{ source('identity', 'record_keys') }}

),

record_places as (

    select * from {{ source('identity', 'record_places') }}

),

records as (

    select
        company_records.record_id,
        account_members.account_id,
        replace({{ folded_text('record_keys.branch') }}, ' ', '') as branch_key,
        record_places.address_key,
        record_places.postal_key

    from company_records

    inner join account_members
        on company_records.record_id = account_members.record_id

    left join record_keys
        on company_records.record_id = record_keys.record_id

    left join record_places
        on company_records.record_id = record_places.record_id

),

-- A branch or a postal code stands for the one address that other records of the account give it.
branch_addresses as (

    select
        account_id,
        branch_key,
        min(address_key) as address_key

    from records

    where branch_key is not null and address_key is not null

    group by account_id, branch_key

    having count(distinct address_key) = 1

),

postal_addresses as (

    select
        account_id,
        postal_key,
        min(address_key) as address_key

    from records

    where postal_key is not null and address_key is not null

    group by account_id, postal_key

    having count(distinct address_key) = 1

),

placed_records as (

    select
        records.record_id,
        records.account_id,
        coalesce(
            'address:' || records.address_key,
            'address:' || branch_addresses.address_key,
            'branch:' || records.branch_key,
            'address:' || postal_addresses.address_key,
            'postal:' || records.postal_key,
            'unplaced'
        ) as site_key

    from records

    left join branch_addresses
        on
            records.account_id = branch_addresses.account_id
            and records.branch_key = branch_addresses.branch_key

    left join postal_addresses
        on
            records.account_id = postal_addresses.account_id
            and records.postal_key = postal_addresses.postal_key

)

select
    record_id,
    account_id,
    'site_' || md5(account_id || ' ' || site_key) as site_id,
    site_key
from placed_records
order by record_id
