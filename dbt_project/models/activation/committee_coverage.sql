with

tiers as (

    select * from {{ ref('account_tiers') }}

),

account_plays as (

    select * from {{ ref('int_account_plays') }}

),

committee_roles as (

    select * from {{ ref('committee_roles') }}

),

role_weights as (

    select * from {{ ref('role_weights') }}

),

gap_texts as (

    select * from {{ ref('committee_gaps') }}

),

role_states as (

    select * from {{ ref('int_committee_role_states') }}

),

engaged_persons as (

    select
        touch_days.account_id,
        count(distinct touch_days.person_key) as engaged_person_count

    from {{ ref('fct_touch_days') }} as touch_days

    inner join {{ ref('touch_types') }} as touch_types
        on touch_days.touch_type = touch_types.touch_type

    where
        touch_types.is_high_intent
        and touch_days.activity_date <= {{ as_of_date() }}
        and {{ dbt.datediff('touch_days.activity_date', as_of_date(), 'day') }}
        < {{ queue_parameter('committee_window_days') }}

    group by touch_days.account_id

),

required_roles as (

    select distinct
        tiers.account_id,
        committee_roles.role

    from tiers

    left join account_plays
        on tiers.account_id = account_plays.account_id

    inner join committee_roles
        on
            tiers.tier = committee_roles.tier
            and (committee_roles.play is null or account_plays.play = committee_roles.play)

),

account_roles as (

    select
        required_roles.account_id,
        required_roles.role,
        role_weights.label_en,
        role_weights.label_ja,
        coalesce(role_states.is_covered, false) as is_covered,
        coalesce(role_states.is_reached, false) as is_reached,
        coalesce(role_states.is_engaged, false) as is_engaged,
        case
            when role_states.role is null then 'no_contact'
            when role_states.permitted_contact_count = 0 then 'no_permission'
            when not role_states.is_covered then 'no_address'
            when not role_states.is_reached then 'not_reached'
        end as gap,
        -- Heaviest role first; the code decides among equals.
        row_number() over (
            partition by required_roles.account_id order by role_weights.weight desc, required_roles.role asc
        ) as role_position

    from required_roles

    inner join role_weights
        on required_roles.role = role_weights.role

    left join role_states
        on
            required_roles.account_id = role_states.account_id
            and required_roles.role = role_states.role

),

gap_lists as (

    select
        account_id,
        gap,
        {{ dbt.listagg('label_en', "', '", 'order by role_position') }} as labels_en,
        {{ dbt.listagg('label_ja', "'、'", 'order by role_position') }} as labels_ja

    from account_roles

    where gap is not null

    group by account_id, gap

),

gap_sentences as (

    select
        gap_lists.account_id,
        gap_texts.position,
        replace(
            replace(gap_texts.text_en, '{roles}', gap_lists.labels_en),
            '{days}',
            cast(cast({{ queue_parameter('committee_window_days') }} as integer) as varchar)
        ) as sentence_en,
        replace(
            replace(gap_texts.text_ja, '{roles}', gap_lists.labels_ja),
            '{days}',
            cast(cast({{ queue_parameter('committee_window_days') }} as integer) as varchar)
        ) as sentence_ja

    from gap_lists

    inner join gap_texts
        on gap_lists.gap = gap_texts.gap

),

account_gaps as (

    select
        account_id,
        {{ dbt.listagg('sentence_en', "' '", 'order by position') }} as gaps_en,
        {{ dbt.listagg('sentence_ja', "''", 'order by position') }} as gaps_ja

    from gap_sentences

    group by account_id

),

role_counts as (

    select
        account_id,
        {{ dbt.listagg('role', "'|'", 'order by role_position') }} as required_roles,
        {{ dbt.listagg('case when is_covered then role end', "'|'", 'order by role_position') }} as covered_roles,
        {{ dbt.listagg('case when not is_covered then label_en end', "', '", 'order by role_position') }}
            as missing_roles,
        {{ dbt.listagg('case when not is_covered then label_ja end', "'、'", 'order by role_position') }}
            as missing_roles_ja,
        count(*) as required_role_count,
        count(case when is_covered then role end) as covered_role_count,
        count(case when is_reached then role end) as reached_role_count,
        count(case when is_covered and is_reached then role end) as covered_and_reached_role_count,
        count(case when is_engaged then role end) as engaged_role_count

    from account_roles

    group by account_id

),

coverage as (

    select
        tiers.account_id,
        tiers.tier,
        account_plays.play,
        role_counts.required_roles,
        role_counts.covered_roles,
        role_counts.missing_roles,
        role_counts.missing_roles_ja,
        {{ cut_text('account_gaps.gaps_en') }} as gaps_en,
        {{ cut_text('account_gaps.gaps_ja') }} as gaps_ja,
        coalesce(role_counts.required_role_count, 0) as required_role_count,
        coalesce(role_counts.covered_role_count, 0) as covered_role_count,
        coalesce(role_counts.reached_role_count, 0) as reached_role_count,
        coalesce(role_counts.covered_and_reached_role_count, 0) as covered_and_reached_role_count,
        coalesce(role_counts.engaged_role_count, 0) as engaged_role_count,
        coalesce(engaged_persons.engaged_person_count, 0) as engaged_person_count

    from tiers

    left join account_plays
        on tiers.account_id = account_plays.account_id

    left join role_counts
        on tiers.account_id = role_counts.account_id

    left join account_gaps
        on tiers.account_id = account_gaps.account_id

    left join engaged_persons
        on tiers.account_id = engaged_persons.account_id

)

select
    account_id,
    tier,
    play,
    required_roles,
    covered_roles,
    missing_roles,
    missing_roles_ja,
    gaps_en,
    gaps_ja,
    required_role_count,
    covered_role_count,
    reached_role_count,
    covered_and_reached_role_count,
    engaged_role_count,
    engaged_person_count,
    cast(covered_role_count as double) / nullif(required_role_count, 0) as coverage_share,
    cast(reached_role_count as double) / nullif(required_role_count, 0) as reach_share,
    cast(covered_and_reached_role_count as double) / nullif(covered_role_count, 0) as conditional_reach_share,
    cast(engaged_role_count as double) / nullif(required_role_count, 0) as engagement_share,
    engaged_person_count >= {{ queue_parameter('mqa_min_persons') }} as is_engaged
from coverage
order by account_id
