with

source as (

    select * from {{ source('raw', 'salesforce_task') }}

),

renamed as (

    select
        -- ids
        {{ to_text('Id') }} as task_id,
        {{ to_text('WhatId') }} as what_id,
        {{ to_text('WhoId') }} as who_id,
        {{ to_text('OwnerId') }} as salesforce_owner_id,

        -- text
        {{ to_text('Subject') }} as subject,
        {{ to_text('Type') }} as task_type,
        {{ to_text('TaskSubtype') }} as task_subtype,
        {{ to_text('Status') }} as status,
        {{ to_text('CallDisposition') }} as call_disposition,

        -- dates
        {{ to_date('ActivityDate') }} as activity_date,

        -- timestamps
        {{ to_timestamp('CreatedDate') }} as created_at,
        {{ to_timestamp('loaded_at') }} as loaded_at

    from source

),

visible as (

    select * from renamed
    where {{ visible_as_of('created_at', 'loaded_at') }}

),

latest as (

    {{ latest_version('visible', key=['task_id'], version_columns=['loaded_at']) }}

)

select * from latest
order by task_id
