-- SPDX-License-Identifier: Apache-2.0
-- Grouping sets, rollups, cubes, pivots by CASE.

-- weekday_pivot: each shop's sales by day of the week
select s.name, s.shop_code,
       sum(case when day_name = 'Sunday' then price end) as sun, sum(case when day_name = 'Monday' then price end) as mon,
       sum(case when day_name = 'Tuesday' then price end) as tue, sum(case when day_name = 'Wednesday' then price end) as wed,
       sum(case when day_name = 'Thursday' then price end) as thu, sum(case when day_name = 'Friday' then price end) as fri,
       sum(case when day_name = 'Saturday' then price end) as sat
from calendar c, shop_sale f, shop s
where c.day_id = f.day_id and s.shop_id = f.shop_id and year_no = 2020
group by s.name, s.shop_code
order by s.name, s.shop_code;

-- shipping_buckets: how long orders wait, by depot, carrier, hub
select substring(d.name, 1, 20) as depot, k.kind, h.name,
       sum(case when s.ship_day_id - s.day_id <= 30 then 1 else 0 end) as d30,
       sum(case when s.ship_day_id - s.day_id > 30 and s.ship_day_id - s.day_id <= 60 then 1 else 0 end) as d60,
       sum(case when s.ship_day_id - s.day_id > 60 and s.ship_day_id - s.day_id <= 90 then 1 else 0 end) as d90,
       sum(case when s.ship_day_id - s.day_id > 90 then 1 else 0 end) as more
from mail_sale s, depot d, carrier k, hub h, calendar c
where s.ship_day_id = c.day_id and s.depot_id = d.depot_id and s.carrier_id = k.carrier_id and s.hub_id = h.hub_id and c.month_no between 13 and 30
group by substring(d.name, 1, 20), k.kind, h.name
order by depot, k.kind, h.name
limit 100;

-- buckets: means and counts of quantity ranges by scalar subqueries, as a one-row report
select case when (select count(*) from shop_sale where quantity between 1 and 2) > 2000
            then (select avg(coupon * 1.0000) from shop_sale where quantity between 1 and 2)
            else (select avg(paid * 1.0000) from shop_sale where quantity between 1 and 2) end as b1,
       case when (select count(*) from shop_sale where quantity between 3 and 10) > 100000
            then (select avg(coupon * 1.0000) from shop_sale where quantity between 3 and 10)
            else (select avg(paid * 1.0000) from shop_sale where quantity between 3 and 10) end as b2,
       case when (select count(*) from shop_sale where quantity > 10) > 1
            then (select max(coupon) from shop_sale where quantity > 10)
            else (select min(paid) from shop_sale where quantity > 10) end as b3
from motive
where motive_id = 1;

-- hours: sales in eight half hours, crossed
select *
from (select count(*) as h8 from shop_sale join clock using (minute_id) join household using (household_id)
      where hour_no = 8 and minute_no >= 30 and ((dependents = 4 and vehicles <= 6) or (dependents = 2 and vehicles <= 4))) s1,
     (select count(*) as h9 from shop_sale join clock using (minute_id) join household using (household_id)
      where hour_no = 9 and minute_no < 30 and ((dependents = 4 and vehicles <= 6) or (dependents = 2 and vehicles <= 4))) s2,
     (select count(*) as h10 from shop_sale join clock using (minute_id) join household using (household_id)
      where hour_no = 10 and minute_no >= 30 and ((dependents = 4 and vehicles <= 6) or (dependents = 2 and vehicles <= 4))) s3,
     (select count(*) as h11 from shop_sale join clock using (minute_id) join household using (household_id)
      where hour_no = 11 and minute_no < 30 and ((dependents = 4 and vehicles <= 6) or (dependents = 2 and vehicles <= 4))) s4;

-- morning_to_evening: ratio of two counts, as decimals
select cast(am as decimal(15,4)) / cast(pm as decimal(15,4)) as ratio
from (select count(*) as am from net_sale join clock using (minute_id) join page using (page_id) where hour_no between 8 and 9 and letters between 100 and 5200) a,
     (select count(*) as pm from net_sale join clock using (minute_id) join page using (page_id) where hour_no between 19 and 20 and letters between 100 and 5200) p;

-- promoted: share of shop sales with a promotion
select promoted, all_sales, cast(promoted as decimal(15,4)) / cast(all_sales as decimal(15,4)) * 100 as share
from (select sum(total) as promoted from shop_sale join promo using (promo_id) join calendar using (day_id)
      join article on article.article_id = shop_sale.article_id
      where (by_mail = 'Y' or by_net = 'Y' or by_radio = 'Y') and category = 'Jewelry' and year_no = 2020) p,
     (select sum(total) as all_sales from shop_sale join calendar using (day_id) join article using (article_id)
      where category = 'Jewelry' and year_no = 2020) t;
