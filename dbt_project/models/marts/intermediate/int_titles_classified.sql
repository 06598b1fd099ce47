with

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

form_fills as (

    select * from {{ ref('stg_map__form_fills') }}

),

title_functions as (

    select * from {{ ref('title_functions') }}

),

title_seniorities as (

    select * from {{ ref('title_seniorities') }}

),

-- The department stands in for a title that names no function, so both are read as texts of their own.
texts as (

    select title as text from contacts
    union
    select department as text from contacts
    union
    select job_title as text from form_fills

),

folded_texts as (

    select
        text,
        {{ folded_text('text') }} as folded_text

    from texts

    where text is not null

),

function_matches as (

    select
        folded_texts.text,
        min(title_functions.priority) as priority

    from folded_texts

    inner join title_functions
        on {{ matches('folded_texts.folded_text', 'title_functions.pattern') }}

    group by folded_texts.text

),

seniority_matches as (

    select
        folded_texts.text,
        min(title_seniorities.priority) as priority

    from folded_texts

    inner join title_seniorities
        on {{ matches('folded_texts.folded_text', 'title_seniorities.pattern') }}

    group by folded_texts.text

),

titles_classified as (

    select
        folded_texts.text,
        title_functions.function,
        title_seniorities.seniority,
        function_matches.priority as function_rule,
        seniority_matches.priority as seniority_rule,
        coalesce(title_seniorities.pattern <> '.', false) as is_seniority_named

    from folded_texts

    left join function_matches
        on folded_texts.text = function_matches.text

    left join title_functions
        on function_matches.priority = title_functions.priority

    left join seniority_matches
        on folded_texts.text = seniority_matches.text

    left join title_seniorities
        on seniority_matches.priority = title_seniorities.priority

)

select * from titles_classified
order by text
