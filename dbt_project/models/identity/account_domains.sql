with

account_members as (

    select * from {{ source('identity', 'account_members') }}

),

record_keys as (

    select * from {{ source('identity', 'record_keys') }}

),

domain_keys as (

    select * from {{ source('identity', 'domain_keys') }}

),

company_records as (

    select * from {{ ref('company_records') }}

),

attachment_reasons as (

    select * from {{ ref('attachment_reasons') }}

),

other_domains as (

    {{ split_to_rows('company_records', ['record_id'], 'other_domains') }}

),

-- What matching found to be used by several organisations is not made one account's by an alias.
shared_domains as (

    select distinct registrable_domain
    from record_keys
    where domain_kind = 'shared'

),

domains_of_records as (

    select
        record_id,
        registrable_domain,
        1 as evidence_rank

    from record_keys

    where domain_kind = 'company'

    union all

    select
        other_domains.record_id,
        domain_keys.registrable_domain,
        2 as evidence_rank

    from other_domains

    inner join domain_keys
        on {{ host_key('other_domains.other_domains') }} = domain_keys.host

    left join shared_domains
        on domain_keys.registrable_domain = shared_domains.registrable_domain

    where
        domain_keys.domain_kind = 'company'
        and shared_domains.registrable_domain is null

),

domains_of_accounts as (

    select
        domains_of_records.registrable_domain,
        account_members.account_id,
        min(domains_of_records.evidence_rank) as evidence_rank

    from domains_of_records

    inner join account_members
        on domains_of_records.record_id = account_members.record_id

    where domains_of_records.registrable_domain is not null

    group by domains_of_records.registrable_domain, account_members.account_id

),

best_evidence as (

    select
        registrable_domain,
        min(evidence_rank) as evidence_rank

    from domains_of_accounts

    group by registrable_domain

),

single_account_domains as (

    select
        domains_of_accounts.registrable_domain,
        min(domains_of_accounts.account_id) as account_id,
        case when min(domains_of_accounts.evidence_rank) = 1 then 'main_domain' else 'alias_domain' end
            as attribution_reason

    from domains_of_accounts

    inner join best_evidence
        on
            domains_of_accounts.registrable_domain = best_evidence.registrable_domain
            and domains_of_accounts.evidence_rank = best_evidence.evidence_rank

    group by domains_of_accounts.registrable_domain

    having count(distinct domains_of_accounts.account_id) = 1

)

select
    single_account_domains.registrable_domain,
    single_account_domains.account_id,
    single_account_domains.attribution_reason,
    attachment_reasons.confidence
from single_account_domains
left join attachment_reasons
    on single_account_domains.attribution_reason = attachment_reasons.reason
order by single_account_domains.registrable_domain
