with

accounts as (

    select distinct country_code from {{ ref('account_360') }}

),

business_holidays as (

    select * from {{ ref('business_holidays') }}

),

digits as (

    {% for digit in range(10) -%}
        select {{ digit }} as digit{{ ' union all' if not loop.last }}
    {% endfor %}

),

coming_days as (

    select cast({{ dbt.dateadd('day', 'tens.digit * 10 + ones.digit + 1', as_of_date()) }} as date) as calendar_date

    from digits as tens

    cross join digits as ones

    where tens.digit < 5

),

business_days as (

    select
        coalesce(accounts.country_code, 'unknown') as country_code,
        coming_days.calendar_date,
        row_number() over (partition by accounts.country_code order by coming_days.calendar_date) as business_day_number

    from accounts

    cross join coming_days

    left join business_holidays
        on
            accounts.country_code = business_holidays.country_code
            and coming_days.calendar_date = business_holidays.holiday_date

    where
        extract(isodow from coming_days.calendar_date) <= 5
        and business_holidays.holiday_date is null

)

select
    country_code,
    cast(business_day_number as integer) as business_day_number,
    calendar_date
from business_days
order by country_code, business_day_number
