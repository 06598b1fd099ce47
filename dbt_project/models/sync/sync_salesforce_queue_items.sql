with

sdr_queue as (

    select * from {{ ref('sdr_queue') }}

),

accounts as (

    select * from {{ ref('account_360') }}

),

tiers as (

    select * from {{ ref('account_tiers') }}

),

sla as (

    select * from {{ ref('sla') }}

),

-- Texts in the language of the account's country.
localised_items as (

    select
        sdr_queue.queue_item_key,
        case when accounts.country_code = 'JP' then sdr_queue.reason_ja else sdr_queue.reason_en end as reason,
        case when accounts.country_code = 'JP' then sdr_queue.suggested_action_ja else sdr_queue.suggested_action_en end
            as suggested_action

    from sdr_queue

    inner join accounts
        on sdr_queue.account_id = accounts.account_id

),

queue_items as (

    select
        sdr_queue.queue_item_key as queue_key,
        sdr_queue.salesforce_account_id,
        sdr_queue.salesforce_contact_id,
        sdr_queue.salesforce_user_id as salesforce_owner_id,
        sla.crm_priority as priority,
        {{ cut_text('localised_items.reason') }} as reason,
        {{ cut_text('localised_items.suggested_action') }} as suggested_action,
        'New' as status,
        sdr_queue.queue_rank as rank,
        sdr_queue.due_date,
        sdr_queue.expires_on_date

    from sdr_queue

    inner join localised_items
        on sdr_queue.queue_item_key = localised_items.queue_item_key

    left join tiers
        on sdr_queue.account_id = tiers.account_id

    left join sla
        on tiers.tier = sla.tier

)

select * from queue_items
order by queue_key
