-- Without such a row an account could be eligible and have nothing to do.
select count(*) as default_count
from {{ ref('plays') }}
where
    tiers is null
    and stage is null
    and min_composite is null
    and min_intent is null
    and min_engagement is null
    and topic_pattern is null
    and role is null
    and channel is null
    and not is_releasing
having count(*) = 0
