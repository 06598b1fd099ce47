-- A roll-up to the top must end. dim_accounts resolves two accounts that own each other; a longer circle is in the
-- sources (a company sold on and bought back, a mistake) and is for a person to settle with their provider.
{{ config(severity='warn') }}

with recursive

parents as (

    select
        account_id,
        parent_account_id

    from {{ ref('dim_accounts') }}

    where parent_account_id is not null

),

chains as (

    select
        account_id,
        parent_account_id as ancestor_account_id,
        1 as step_count

    from parents

    union all

    select
        chains.account_id,
        parents.parent_account_id as ancestor_account_id,
        chains.step_count + 1 as step_count

    from chains

    inner join parents
        on chains.ancestor_account_id = parents.account_id

    where
        chains.ancestor_account_id <> chains.account_id
        and chains.step_count < 20

)

select distinct account_id
from chains
where ancestor_account_id = account_id
