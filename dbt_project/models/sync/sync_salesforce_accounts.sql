with

accounts as (

    select * from {{ ref('account_360') }}

),

account_records as (

    select * from {{ ref('dim_account_records') }}
    where source = 'salesforce'

),

tiers as (

    select * from {{ ref('account_tiers') }}

),

committee_coverage as (

    select * from {{ ref('committee_coverage') }}

),

account_reasons as (

    select * from {{ ref('int_account_reasons') }}

),

account_eligibility as (

    select * from {{ ref('int_account_eligibility') }}

),

sdr_queue as (

    select * from {{ ref('sdr_queue') }}

),

suppression_texts as (

    select * from {{ ref('suppression_reasons') }}

),

account_rows as (

    select
        accounts.account_id,
        accounts.salesforce_account_id as primary_salesforce_account_id,
        coalesce(accounts.country_code = 'JP', false) as is_japanese,
        tiers.tier,
        tiers.previous_tier,
        tiers.score_method,
        tiers.composite_score,
        tiers.fit_points,
        tiers.intent_score,
        tiers.engagement_score,
        committee_coverage.coverage_share,
        committee_coverage.gaps_en,
        committee_coverage.gaps_ja,
        account_reasons.top_reasons_en,
        account_reasons.top_reasons_ja,
        suppression_texts.label_en as suppressed_en,
        suppression_texts.label_ja as suppressed_ja,
        suppression_texts.next_action_en,
        suppression_texts.next_action_ja,
        sdr_queue.suggested_action_en,
        sdr_queue.suggested_action_ja,
        account_eligibility.suppressed_reason is not null as is_suppressed

    from accounts

    left join tiers
        on accounts.account_id = tiers.account_id

    left join committee_coverage
        on accounts.account_id = committee_coverage.account_id

    left join account_reasons
        on accounts.account_id = account_reasons.account_id

    left join account_eligibility
        on accounts.account_id = account_eligibility.account_id

    left join suppression_texts
        on account_eligibility.suppressed_reason = suppression_texts.suppressed_reason

    left join sdr_queue
        on accounts.account_id = sdr_queue.account_id

),

-- Texts in the language of the account's country.
localised_rows as (

    select
        account_id,
        primary_salesforce_account_id,
        tier,
        previous_tier,
        case when is_japanese then gaps_ja else gaps_en end as committee_roles_missing,
        case when is_japanese then top_reasons_ja else top_reasons_en end as top_reasons,
        case
            when is_japanese
                then
                    coalesce(
                        suggested_action_ja,
                        next_action_ja,
                        gaps_ja,
                        '新しいシグナルを待つ。'
                    )
            else
                coalesce(
                    suggested_action_en,
                    next_action_en,
                    gaps_en,
                    'Wait for a new signal.'
                )
        end as next_best_action,
        case when is_japanese then suppressed_ja else suppressed_en end as suppressed_reason,
        score_method,
        composite_score,
        fit_points,
        intent_score,
        engagement_score,
        coverage_share,
        is_suppressed

    from account_rows

),

-- A duplicate says whose duplicate it is and nothing else: the key is unique in the CRM and scores stand in one place.
crm_rows as (

    select
        account_records.source_id as salesforce_account_id,
        scored_rows.account_id as abm_account_key,
        case when not account_records.is_primary then localised_rows.primary_salesforce_account_id end
            as duplicate_of_salesforce_account_id,
        scored_rows.tier,
        scored_rows.previous_tier,
        {{ cut_text('scored_rows.committee_roles_missing') }} as committee_roles_missing,
        {{ cut_text('scored_rows.top_reasons') }} as top_reasons,
        {{ cut_text('scored_rows.next_best_action') }} as next_best_action,
        {{ cut_text('scored_rows.suppressed_reason') }} as suppressed_reason,
        {{ cut_text('scored_rows.score_method', 80) }} as score_method,
        cast(scored_rows.composite_score as decimal(5, 2)) as score,
        cast(scored_rows.fit_points as decimal(5, 2)) as fit_score,
        cast(scored_rows.intent_score as decimal(5, 2)) as intent_score,
        cast(scored_rows.engagement_score as decimal(5, 2)) as engagement_score,
        cast(scored_rows.coverage_share * 100 as decimal(4, 1)) as committee_coverage_pct,
        account_records.is_primary,
        coalesce(scored_rows.is_suppressed, false) as is_suppressed,
        case when account_records.is_primary then cast({{ as_of_date() }} as timestamp) end as scored_at

    from account_records

    inner join localised_rows
        on account_records.account_id = localised_rows.account_id

    left join localised_rows as scored_rows
        on
            account_records.account_id = scored_rows.account_id
            and account_records.is_primary

)

select * from crm_rows
order by salesforce_account_id
