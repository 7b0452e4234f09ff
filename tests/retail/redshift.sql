-- SPDX-License-Identifier: Apache-2.0
-- Redshift's own words, each with what PostgreSQL would say.

-- decode: DECODE, NVL, NVL2, TOP
select top 20 client_id, decode(preferred, 'Y', 'yes', 'N', 'no', null, 'unknown', 'other') as liked, nvl(salutation, '-') as title, nvl2(email, 'mail', 'none') as way
from client
order by client_id;
-- postgres
select client_id, case when preferred = 'Y' then 'yes' when preferred = 'N' then 'no' when preferred is null then 'unknown' else 'other' end as liked,
       coalesce(salutation, '-') as title, case when email is not null then 'mail' else 'none' end as way
from client
order by client_id
limit 20;

-- alias: an item's name used by the next
select article_id, list_price - buy_price as margin, margin * 2 as twice, case when twice > 100 then 'much' else 'little' end as word
from article
where article_id < 30
order by article_id;
-- postgres
select article_id, list_price - buy_price as margin, (list_price - buy_price) * 2 as twice, case when (list_price - buy_price) * 2 > 100 then 'much' else 'little' end as word
from article
where article_id < 30
order by article_id;

-- dates: DATEADD, DATEDIFF, DATE_PART, TRUNC
select day, dateadd(month, 1, day) as later, datediff(week, date '2019-01-01', day) as weeks, date_part(year, day) as y, last_day(day) as month_end,
       add_months(day, 13) as far
from calendar
where day between '2019-12-25' and '2020-01-05' or day between '2020-02-27' and '2020-03-01'
order by day;
-- postgres
select day, (day + interval '1 month')::timestamp as later, (extract(epoch from date_trunc('week', day::timestamp) - date_trunc('week', timestamp '2019-01-01')) / 604800)::bigint as weeks,
       extract(year from day)::int as y, (date_trunc('month', day::timestamp) + interval '1 month - 1 day')::date as month_end,
       case when extract(day from day + 1) = 1 then (date_trunc('month', day::timestamp) + interval '14 months - 1 day')::timestamp else (day + interval '13 months')::timestamp end as far
from calendar
where day between '2019-12-25' and '2020-01-05' or day between '2020-02-27' and '2020-03-01'
order by day;
