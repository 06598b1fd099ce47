with

salesforce_accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

companies as (

    select * from {{ ref('stg_firmographics__company_versions') }}

),

wordings as (

    select * from {{ ref('industries') }}

),

industries as (

    select industry from salesforce_accounts
    union
    select industry from companies

),

folded_industries as (

    select
        industry,
        {{ folded_text('industry') }} as folded_industry

    from industries

    where industry is not null

),

-- A wording in Latin letters must stand as words; Japanese is written without blanks.
matches as (

    select
        folded_industries.industry,
        wordings.industry_group,
        row_number() over (
            partition by folded_industries.industry
            order by
                case when folded_industries.folded_industry = wordings.source_industry then 0 else 1 end,
                length(wordings.source_industry) desc,
                wordings.source_industry
        ) as match_rank

    from folded_industries

    inner join wordings
        on
            folded_industries.folded_industry = wordings.source_industry
            or ' ' || regexp_replace(folded_industries.folded_industry, '[,;/|.()]+', ' ', 'g') || ' '
            like '% ' || wordings.source_industry || ' %'
            or (
                not {{ matches('wordings.source_industry', "'[a-z]'") }}
                and folded_industries.folded_industry like '%' || wordings.source_industry || '%'
            )

)

select
    industry,
    industry_group
from matches
where match_rank = 1
order by industry
