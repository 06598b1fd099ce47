-- A mapping on another column would be ignored without a word; models/marts/intermediate/int_touches.sql reads these.
select
    source,
    match_column

from {{ ref('touch_mappings') }}

where
    (source, match_column) not in (
        ('web_page_views', 'path'),
        ('product_events', 'event_name'),
        ('map_email_events', 'event'),
        ('map_form_fills', 'asset'),
        ('events_attendance', 'event_and_status'),
        ('support_tickets', 'category'),
        ('salesforce_tasks', 'task_type')
    )
