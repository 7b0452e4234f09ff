-- SPDX-License-Identifier: Apache-2.0
-- Redshift's own words, each with what PostgreSQL would say.

-- qualify: the best day of each shop
select shop_id, day_id, sum(paid) as paid
from shop_sale
where shop_id is not null and day_id is not null
group by shop_id, day_id
qualify row_number() over (partition by shop_id order by sum(paid) desc nulls last, day_id) = 1
order by shop_id;
-- postgres
select shop_id, day_id, paid
from (select shop_id, day_id, sum(paid) as paid, row_number() over (partition by shop_id order by sum(paid) desc nulls last, day_id) as n
      from shop_sale where shop_id is not null and day_id is not null group by shop_id, day_id) x
where n = 1
order by shop_id;

-- share: RATIO_TO_REPORT
select category_id, ratio_to_report(sum(cast(total as double precision))) over () as share
from shop_sale join article using (article_id)
group by category_id
order by category_id;
-- postgres
select category_id, sum(cast(total as double precision)) / sum(sum(cast(total as double precision))) over () as share
from shop_sale join article using (article_id)
group by category_id
order by category_id;

-- median: the middle of each category's prices
select category_id, median(cast(price as double precision)) as middle, percentile_cont(0.9) within group (order by cast(price as double precision)) as p90,
       percentile_disc(0.25) within group (order by price) as p25
from net_sale join article using (article_id)
group by category_id
order by category_id;
-- postgres
select category_id, percentile_cont(0.5) within group (order by cast(price as double precision)) as middle,
       percentile_cont(0.9) within group (order by cast(price as double precision)) as p90, percentile_disc(0.25) within group (order by price) as p25
from net_sale join article using (article_id)
group by category_id
order by category_id;

-- listagg: colours of each maker in one text
select maker_id, listagg(distinct color, ',') within group (order by color) as colors, listagg(article_id, ' ') within group (order by list_price desc, article_id) as ids
from article
group by maker_id
order by maker_id;
-- postgres
select maker_id, string_agg(distinct color, ',' order by color) as colors, string_agg(article_id::text, ' ' order by list_price desc, article_id) as ids
from article
group by maker_id
order by maker_id;

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

-- minus: MINUS is EXCEPT
select brand_id from article where color in ('red', 'navy') minus select brand_id from article where size = 'N/A' order by 1;
-- postgres
select brand_id from article where color in ('red', 'navy') except select brand_id from article where size = 'N/A' order by 1;

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

-- group_by_all: GROUP BY ALL, and EXCLUDE
select category_id, size, count(*) as n from (select * exclude (title, brand) from article) a group by all order by 1, 2, 3;
-- postgres
select category_id, size, count(*) as n from article group by category_id, size order by 1, 2, 3;

-- approximate: to a few in a hundred
select approximate count(distinct client_id) between 640 and 700 as clients from shop_sale;
-- postgres
select count(distinct client_id) between 640 and 700 as clients from shop_sale;

-- filter_clause: FILTER on aggregates, DISTINCT ON, IS DISTINCT FROM
select distinct on (category_id) category_id, article_id, list_price
from article
where color is distinct from 'red'
order by category_id, list_price desc, article_id;
