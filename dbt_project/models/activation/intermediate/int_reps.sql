with

users as (

    select * from {{ ref('stg_salesforce__users') }}
    where coalesce(is_active, false)

),

rep_roles as (

    select * from {{ ref('rep_roles') }}

),

ranked_roles as (

    select
        users.salesforce_user_id,
        rep_roles.queue_capacity,
        rep_roles.takes_unowned_accounts,
        row_number() over (partition by users.salesforce_user_id order by rep_roles.priority) as role_rank

    from users

    inner join rep_roles
        on {{ matches(folded_text("coalesce(users.user_role, '')"), 'rep_roles.pattern') }}

)

select
    salesforce_user_id,
    queue_capacity,
    takes_unowned_accounts
from ranked_roles
where role_rank = 1 and queue_capacity > 0
order by salesforce_user_id
