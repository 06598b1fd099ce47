-- The counts and the shares say the same, and the lists of roles have as many entries as the counts say.
select account_id
from {{ ref('committee_coverage') }}
where
    coalesce(coverage_share, 0) not between 0 and 1
    or coalesce(reach_share, 0) not between 0 and 1
    or coalesce(engagement_share, 0) not between 0 and 1
    or coalesce(conditional_reach_share, 0) not between 0 and 1
    or abs(coalesce(coverage_share, 0) * required_role_count - covered_role_count) > 0.000001
    or length(coalesce(covered_roles, '')) - length(replace(coalesce(covered_roles, ''), '|', ''))
    <> greatest(covered_role_count - 1, 0)
    or (missing_roles is null) <> (covered_role_count = required_role_count)
