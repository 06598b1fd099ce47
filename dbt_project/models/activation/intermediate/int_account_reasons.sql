with

tiers as (

    select * from {{ ref('account_tiers') }}

),

score_reasons as (

    select * from {{ source('scoring', 'score_reasons') }}
    where as_of_date = {{ as_of_date() }}

),

-- What buyers do now is told before what the company is; arithmetic (base, cap) and what is missing only when
-- there is nothing else to say.
ranked_reasons as (

    select
        account_id,
        text_en,
        text_ja,
        row_number() over (
            partition by account_id
            order by
                case
                    when points < 0.05 or {{ matches('reason', "'^(base|cap|missing|none)(:|$)'") }} then 1
                    else 0
                end asc,
                case score when 'engagement' then 1 when 'intent' then 1 when 'fit' then 2 else 3 end asc,
                rank asc,
                score asc,
                reason asc
        ) as place,
        points >= 0.05 and not {{ matches('reason', "'^(base|cap|missing|none)(:|$)'") }} as is_driver

    from score_reasons

    where text_en is not null

),

sentences as (

    select
        account_id,
        max(case when place = 1 then text_en || '.' end) as first_en,
        max(case when place = 2 and is_driver then ' ' || text_en || '.' end) as second_en,
        max(case when place = 3 and is_driver then ' ' || text_en || '.' end) as third_en,
        max(case when place = 1 then text_ja || '。' end) as first_ja,
        max(case when place = 2 and is_driver then text_ja || '。' end) as second_ja,
        max(case when place = 3 and is_driver then text_ja || '。' end) as third_ja

    from ranked_reasons

    where place <= 3

    group by account_id

),

-- As many whole sentences as fit into a text field of the CRM.
texts as (

    select
        account_id,
        case
            when length(first_en || coalesce(second_en, '') || coalesce(third_en, '')) <= 255
                then first_en || coalesce(second_en, '') || coalesce(third_en, '')
            when length(first_en || coalesce(second_en, '')) <= 255
                then first_en || coalesce(second_en, '')
            else {{ cut_text('first_en', 255) }}
        end as top_reasons_en,
        case
            when length(first_ja || coalesce(second_ja, '') || coalesce(third_ja, '')) <= 255
                then first_ja || coalesce(second_ja, '') || coalesce(third_ja, '')
            when length(first_ja || coalesce(second_ja, '')) <= 255
                then first_ja || coalesce(second_ja, '')
            else {{ cut_text('first_ja', 255) }}
        end as top_reasons_ja

    from sentences

),

account_reasons as (

    select
        tiers.account_id,
        texts.top_reasons_en,
        texts.top_reasons_ja

    from tiers

    left join texts
        on tiers.account_id = texts.account_id

)

select * from account_reasons
order by account_id
