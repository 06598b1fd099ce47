-- A hint, not a defect: titles without a role are rows to add to seeds/rules/title_aliases.csv (`abm titles`).
{{ config(severity='warn') }}

select
    count(*) as title_count,
    sum(case when role = 'unknown' then 1 else 0 end) as unknown_count

from {{ ref('dim_contacts') }}

where title is not null

having sum(case when role = 'unknown' then 1 else 0 end) > 0.1 * count(*)
