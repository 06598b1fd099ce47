with

attribute_values as (

    select * from {{ ref('account_attribute_values') }}

),

candidates as (

    select * from {{ ref('int_account_attribute_candidates') }}

),

chosen as (

    select * from attribute_values
    where value_rank = 1

),

runners_up as (

    select * from attribute_values
    where value_rank = 2

),

value_counts as (

    select
        account_id,
        attribute,
        count(*) - 1 as other_value_count

    from attribute_values

    group by account_id, attribute

),

-- A provider that states two values about one company disagrees with itself, and with the chosen value.
disagreements as (

    select
        candidates.account_id,
        candidates.attribute,
        count(distinct candidates.provider) as disagreeing_provider_count

    from candidates

    inner join candidates as golden
        on
            candidates.account_id = golden.account_id
            and candidates.attribute = golden.attribute
            and golden.candidate_rank = 1

    where candidates.value_key <> golden.value_key

    group by candidates.account_id, candidates.attribute

)

select
    chosen.account_id,
    chosen.attribute,
    chosen.attribute_value,
    chosen.record_id,
    chosen.source,
    chosen.provider,
    chosen.provider_rule,
    case
        when runners_up.account_id is null then 'only_value'
        when chosen.is_stale <> runners_up.is_stale then 'not_too_old'
        when chosen.provider_rank <> runners_up.provider_rank then 'provider_rank'
        when chosen.primary_rank <> runners_up.primary_rank then 'primary_record'
        when chosen.as_of_date <> runners_up.as_of_date or runners_up.as_of_date is null then 'newest'
        else 'record_id'
    end as chosen_by,
    chosen.provider_count,
    value_counts.other_value_count,
    coalesce(disagreements.disagreeing_provider_count, 0) as disagreeing_provider_count,
    chosen.is_stale,
    chosen.as_of_date
from chosen
inner join value_counts
    on chosen.account_id = value_counts.account_id and chosen.attribute = value_counts.attribute
left join runners_up
    on chosen.account_id = runners_up.account_id and chosen.attribute = runners_up.attribute
left join disagreements
    on chosen.account_id = disagreements.account_id and chosen.attribute = disagreements.attribute
order by chosen.account_id, chosen.attribute
