with

candidates as (

    select * from {{ ref('int_account_attribute_candidates') }}

),

provider_values as (

    select
        account_id,
        attribute,
        value_key,
        provider,
        count(*) as record_count

    from candidates

    group by account_id, attribute, value_key, provider

),

value_providers as (

    select
        account_id,
        attribute,
        value_key,
        {{ dbt.listagg('provider', "'|'", 'order by provider') }} as providers,
        count(*) as provider_count,
        sum(record_count) as record_count

    from provider_values

    group by account_id, attribute, value_key

),

-- The record that is heard first speaks for all records with the value.
ranked_candidates as (

    select
        *,
        row_number() over (partition by account_id, attribute, value_key order by candidate_rank) as rank_within_value

    from candidates

),

attribute_values as (

    select
        ranked_candidates.account_id,
        ranked_candidates.attribute,
        ranked_candidates.attribute_value,
        ranked_candidates.record_id,
        ranked_candidates.source,
        ranked_candidates.provider,
        ranked_candidates.provider_rule,
        value_providers.providers,
        row_number() over (
            partition by ranked_candidates.account_id, ranked_candidates.attribute
            order by ranked_candidates.candidate_rank
        ) as value_rank,
        ranked_candidates.provider_rank,
        ranked_candidates.primary_rank,
        value_providers.provider_count,
        value_providers.record_count,
        ranked_candidates.is_stale,
        ranked_candidates.as_of_date

    from ranked_candidates

    inner join value_providers
        on
            ranked_candidates.account_id = value_providers.account_id
            and ranked_candidates.attribute = value_providers.attribute
            and ranked_candidates.value_key = value_providers.value_key

    where ranked_candidates.rank_within_value = 1

)

select
    account_id,
    attribute,
    attribute_value,
    record_id,
    source,
    provider,
    provider_rule,
    providers,
    cast(value_rank as bigint) as value_rank,
    cast(provider_rank as integer) as provider_rank,
    cast(primary_rank as integer) as primary_rank,
    cast(provider_count as bigint) as provider_count,
    cast(record_count as bigint) as record_count,
    is_stale,
    as_of_date
from attribute_values
order by account_id, attribute, value_rank
