-- SPDX-License-Identifier: Apache-2.0
-- Grouping sets, rollups, cubes, pivots by CASE.

-- demographics: means over one kind of client, rolled up along where they live
select i.article_code, a.country, a.state, a.county, avg(cast(s.quantity as decimal(12,2))) as q, avg(cast(s.list_price as decimal(12,2))) as l,
       avg(cast(s.coupon as decimal(12,2))) as c, count(*) as n
from mail_sale s, persona p, client c, address a, calendar d, article i
where s.day_id = d.day_id and s.article_id = i.article_id and s.persona_id = p.persona_id and s.client_id = c.client_id
  and c.address_id = a.address_id and p.gender = 'F' and p.schooling in ('Unknown', 'College') and c.birth_month in (1, 6, 8, 9, 12, 2)
  and d.year_no in (2019, 2020) and a.state in ('TN', 'GA', 'OH', 'TX')
group by rollup (i.article_code, a.country, a.state, a.county)
order by a.country, a.state, a.county, i.article_code, n, q, l, c
limit 100;

-- on_hand: mean stock at every level of the article's tree
select title, brand, class, category, avg(on_hand * 1.0000) as qoh
from stock join calendar using (day_id) join article using (article_id)
where month_no between 30 and 35
group by rollup (title, brand, class, category)
order by qoh, title, brand, class, category
limit 100;

-- cube: shop by category by weekend, all combinations
select state, category, weekend, count(*) as sales, sum(total) as total, grouping(state) as gs, grouping(category) as gc, grouping(weekend) as gw
from shop_sale join shop using (shop_id) join article using (article_id) join calendar using (day_id)
group by cube (state, category, weekend)
order by gs, gc, gw, state, category, weekend;

-- sets: chosen levels, and which level a row is
select year_no, state, brand_id, sum(paid) as paid, grouping(year_no, state, brand_id) as level
from shop_sale join calendar using (day_id) join shop using (shop_id) join article using (article_id)
where category_id = 5
group by grouping sets ((year_no, state), (brand_id), (year_no, brand_id), ())
order by level, year_no, state, brand_id;

-- partial: a plain key beside a rollup, an expression as key
select year_no, case when month_of_year <= 6 then 'first' else 'second' end as half, day_name, count(distinct ticket) as tickets, sum(total) as total
from shop_sale join calendar using (day_id)
group by year_no, rollup (case when month_of_year <= 6 then 'first' else 'second' end, day_name)
order by 1, 2, 3, 4;

-- two_rollups: concatenated
select gender, marital, buys, count(*) as n, min(price) as low, max(price) as high
from shop_sale join persona using (persona_id) join household using (household_id)
group by rollup (gender, marital), rollup (buys)
having count(*) > 20
order by gender, marital, buys, n;

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

-- depot_months: a year of shipments by month, and per floor space
select depot, year_no, sum(jan) as jan, sum(feb) as feb, sum(dec) as dec, sum(cast(jan as double precision) / floor_space) as jan_per, sum(jan_paid) as jan_paid
from (select d.name as depot, floor_space, year_no, sum(case when month_of_year = 1 then total * quantity else 0 end) as jan,
             sum(case when month_of_year = 2 then total * quantity else 0 end) as feb, sum(case when month_of_year = 12 then total * quantity else 0 end) as dec,
             sum(case when month_of_year = 1 then paid * quantity else 0 end) as jan_paid
      from net_sale join depot d using (depot_id) join calendar using (day_id) join clock using (minute_id) join carrier using (carrier_id)
      where year_no = 2019 and hour_no between 3 and 20
      group by d.name, floor_space, year_no
      union all
      select d.name, floor_space, year_no, sum(case when month_of_year = 1 then total * quantity else 0 end),
             sum(case when month_of_year = 2 then total * quantity else 0 end), sum(case when month_of_year = 12 then total * quantity else 0 end),
             sum(case when month_of_year = 1 then paid * quantity else 0 end)
      from mail_sale join depot d using (depot_id) join calendar using (day_id) join clock using (minute_id) join carrier using (carrier_id)
      where year_no = 2019 and hour_no between 3 and 20
      group by d.name, floor_space, year_no) x
group by depot, year_no
order by depot, year_no;

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

-- net_rollup: profit by category and class with a rank within its parent
select total_sum, category, class, lochierarchy, place
from (select sum(paid) as total_sum, category, class, grouping(category) + grouping(class) as lochierarchy,
             rank() over (partition by grouping(category) + grouping(class), case when grouping(class) = 0 then category end order by sum(paid) desc) as place
      from net_sale join calendar using (day_id) join article using (article_id)
      where month_no between 20 and 31
      group by rollup (category, class)) r
order by lochierarchy desc, case when lochierarchy = 0 then category end, place, class;

-- promoted: share of shop sales with a promotion
select promoted, all_sales, cast(promoted as decimal(15,4)) / cast(all_sales as decimal(15,4)) * 100 as share
from (select sum(total) as promoted from shop_sale join promo using (promo_id) join calendar using (day_id)
      join article on article.article_id = shop_sale.article_id
      where (by_mail = 'Y' or by_net = 'Y' or by_radio = 'Y') and category = 'Jewelry' and year_no = 2020) p,
     (select sum(total) as all_sales from shop_sale join calendar using (day_id) join article using (article_id)
      where category = 'Jewelry' and year_no = 2020) t;
