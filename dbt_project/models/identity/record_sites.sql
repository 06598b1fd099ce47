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

keyed_records as (

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

addresses as (

    select distinct
        account_id,
        address_key

    from keyed_records

    where address_key is not null

),

-- One source writes the town behind the street and the next leaves it out: an address that another one of the account
-- begins with is the same place. The shortest of them sorts first.
short_addresses as (

    select
        addresses.account_id,
        addresses.address_key,
        min(shorter.address_key) as short_address_key

    from addresses

    inner join addresses as shorter
        on
            addresses.account_id = shorter.account_id
            and left(addresses.address_key || ' ', length(shorter.address_key) + 1) = shorter.address_key || ' '

    group by addresses.account_id, addresses.address_key

),

records as (

    select
        keyed_records.record_id,
        keyed_records.account_id,
        keyed_records.branch_key,
        short_addresses.short_address_key as address_key,
        keyed_records.postal_key

    from keyed_records

    left join short_addresses
        on
            keyed_records.account_id = short_addresses.account_id
            and keyed_records.address_key = short_addresses.address_key

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
