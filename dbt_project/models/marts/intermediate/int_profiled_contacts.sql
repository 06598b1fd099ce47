with

consent_states as (

    select * from {{ ref('fct_consent_states') }}
    where purpose = 'profiling'

),

-- Profiling has no channel of its own, so the least permissive of the latest statements of all channels counts, as in
-- activation.permissions: who refused on one channel and agreed on another has not agreed to be profiled.
profiled_contacts as (

    select contact_id

    from consent_states

    group by contact_id

    having min(case when is_granted then 1 else 0 end) = 1

)

select * from profiled_contacts
order by contact_id
