with

contacts as (

    select * from {{ ref('dim_contacts') }}
    where role = 'unknown' and title is not null

),

title_readings as (

    select * from {{ source('identity', 'title_readings') }}

),

tiers as (

    select * from {{ ref('account_tiers') }}

),

committee_roles as (

    select distinct tier from {{ ref('committee_roles') }}

),

-- Forms take anything as a title. What holds an address, a telephone number or the person's own name is left out.
titles_of_contacts as (

    select
        contacts.contact_id,
        contacts.account_id,
        contacts.title,
        title_readings.folded_title,
        title_readings.problem

    from contacts

    inner join title_readings
        on
            contacts.title = title_readings.title
            and coalesce(contacts.department, '') = title_readings.department

    where
        title_readings.problem is not null
        and not {{ matches('title_readings.folded_title', "'@|[0-9][0-9 ()+-]{5,}[0-9]|https?://'") }}
        and strpos(title_readings.folded_title, lower(coalesce(contacts.last_name, '@'))) = 0
        and strpos(title_readings.folded_title, lower(coalesce(contacts.first_name, '@'))) = 0

),

review as (

    select
        min(titles_of_contacts.title) as title,
        titles_of_contacts.problem,
        count(*) as contact_count,
        count(distinct titles_of_contacts.account_id) as account_count,
        count(distinct case when committee_roles.tier is not null then titles_of_contacts.account_id end)
            as tiered_account_count

    from titles_of_contacts

    left join tiers
        on titles_of_contacts.account_id = tiers.account_id

    left join committee_roles
        on tiers.tier = committee_roles.tier

    group by titles_of_contacts.folded_title, titles_of_contacts.problem

)

select
    cast(
        row_number() over (order by tiered_account_count desc, contact_count desc, title asc, problem asc) as bigint
    ) as review_rank,
    title,
    problem,
    contact_count,
    account_count,
    tiered_account_count
from review
order by review_rank
