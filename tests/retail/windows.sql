-- SPDX-License-Identifier: Apache-2.0
-- Windows: ranks over aggregates, frames, shares, neighbours.

-- class_share: an article's share of what its class took
select article_code, category, class, sum(total) as revenue,
       sum(total) * 100 / sum(sum(total)) over (partition by class) as share
from net_sale join article using (article_id) join calendar using (day_id)
where category in ('Sports', 'Books', 'Home') and day between date '2019-02-22' and date '2019-02-22' + 30
group by article_id, article_code, category, class
order by category, class, article_id;

-- monthly_mean: managers whose month is far from their mean
select *
from (select manager_id, sum(price) as sold, avg(sum(price)) over (partition by manager_id) as mean
      from article join shop_sale using (article_id) join calendar using (day_id) join shop using (shop_id)
      where month_no between 13 and 24
      group by manager_id, month_of_year) m
where case when mean > 0 then abs(sold - mean) / mean end > 0.1
order by manager_id, mean, sold
limit 100;

-- neighbours: months that differ from the year's mean, with the months before and after
with v as (
    select category, brand, s.name, s.market_id, year_no, month_of_year, sum(total) as sales,
           avg(sum(total)) over (partition by category, brand, s.name, s.market_id, year_no) as mean,
           rank() over (partition by category, brand, s.name, s.market_id order by year_no, month_of_year) as rn
    from article a, shop_sale f, calendar c, shop s
    where a.article_id = f.article_id and f.day_id = c.day_id and f.shop_id = s.shop_id
      and (year_no = 2020 or (year_no = 2019 and month_of_year = 12) or (year_no = 2021 and month_of_year = 1))
    group by category, brand, s.name, s.market_id, year_no, month_of_year)
select v.category, v.brand, v.name, v.year_no, v.month_of_year, v.mean, v.sales, before.sales as psum, after.sales as nsum
from v, v before, v after
where v.category = before.category and v.category = after.category and v.brand = before.brand and v.brand = after.brand
  and v.name = before.name and v.name = after.name and v.market_id = before.market_id and v.market_id = after.market_id
  and v.rn = before.rn + 1 and v.rn = after.rn - 1
  and v.year_no = 2020 and v.mean > 0 and abs(v.sales - v.mean) / v.mean > 0.1
order by v.category, v.brand, v.name, v.month_of_year
limit 100;

-- best_and_worst: the ten articles with the highest and the lowest mean profit in one shop
select up.rnk, best.title as best, worst.title as worst
from (select article_id, rnk from (select article_id, rank() over (order by mean) as rnk
        from (select article_id, avg(profit * 1.000000) as mean from shop_sale where shop_id = 2 group by article_id
              having avg(profit * 1.000000) > 0.5 * (select avg(profit * 1.000000) from shop_sale where shop_id = 2 and address_id is null)) v1) v2
      where rnk < 11) up
     join (select article_id, rnk from (select article_id, rank() over (order by mean desc) as rnk
        from (select article_id, avg(profit * 1.000000) as mean from shop_sale where shop_id = 2 group by article_id
              having avg(profit * 1.000000) > 0.5 * (select avg(profit * 1.000000) from shop_sale where shop_id = 2 and address_id is null)) v1) v2
      where rnk < 11) down on up.rnk = down.rnk
     join article best on best.article_id = up.article_id
     join article worst on worst.article_id = down.article_id
order by up.rnk, best.article_id, worst.article_id;

-- running: what each shop took up to a day, and the most of one day, where the net was behind
with net as (
    select article_id, day, sum(sum(total)) over (partition by article_id order by day rows between unbounded preceding and current row) as cume
    from net_sale join calendar using (day_id)
    where month_no between 25 and 36
    group by article_id, day),
shops as (
    select article_id, day, sum(sum(total)) over (partition by article_id order by day rows between unbounded preceding and current row) as cume
    from shop_sale join calendar using (day_id)
    where month_no between 25 and 36
    group by article_id, day)
select *
from (select article_id, day, net_sales, shop_sales,
             max(net_sales) over (partition by article_id order by day rows between unbounded preceding and current row) as net_most,
             max(shop_sales) over (partition by article_id order by day rows between unbounded preceding and current row) as shop_most
      from (select case when n.article_id is not null then n.article_id else s.article_id end as article_id,
                   case when n.day is not null then n.day else s.day end as day, n.cume as net_sales, s.cume as shop_sales
            from net n full outer join shops s on n.article_id = s.article_id and n.day = s.day) x) y
where net_most > shop_most
order by article_id, day
limit 100;

-- top_each: the three best articles of each category, ties and all
select category, article_id, revenue, place, dense
from (select category, article_id, sum(total) as revenue,
             rank() over (partition by category order by sum(total) desc) as place,
             dense_rank() over (partition by category order by sum(total) desc) as dense
      from shop_sale join article using (article_id)
      group by category, article_id) ranked
where place <= 3
order by category, place, article_id;

-- rank_in_rollup: gross margin by category and class, ranked within its level
select sum(profit) / sum(total) as margin, category, class, grouping(category) + grouping(class) as level,
       rank() over (partition by grouping(category) + grouping(class), case when grouping(class) = 0 then category end
                    order by sum(profit) / sum(total)) as place
from shop_sale join calendar using (day_id) join article using (article_id) join shop using (shop_id)
where year_no = 2020 and state in ('TN', 'GA', 'OH')
group by rollup (category, class)
order by level desc, case when grouping(category) + grouping(class) = 0 then category end, place, category, class
limit 100;

-- rollup_ranked: sales at every level of eight columns, the best hundred in each category
select *
from (select category, class, brand, title, year_no, quarter_name, month_of_year, shop_code, sales,
             rank() over (partition by category order by sales desc) as rk
      from (select category, class, brand, title, year_no, quarter_name, month_of_year, shop_code,
                   sum(coalesce(price * quantity, 0)) as sales
            from shop_sale, calendar, shop, article
            where shop_sale.day_id = calendar.day_id and shop_sale.article_id = article.article_id
              and shop_sale.shop_id = shop.shop_id and month_no between 25 and 27
            group by rollup (category, class, brand, title, year_no, quarter_name, month_of_year, shop_code)) dw1) dw2
where rk <= 10
order by category, class, brand, title, year_no, quarter_name, month_of_year, shop_code, sales, rk;

-- moving: means over the last seven sales days, the first and last of the window
select day, total, sum(total) over w as seven, count(*) over w as days, first_value(day) over w as since, min(total) over w as least,
       max(total) over w as most
from (select day, sum(total) as total from shop_sale join calendar using (day_id) where shop_id = 3 and year_no = 2021 group by day) daily
window w as (order by day rows between 6 preceding and current row)
order by day;

-- range_days: what was taken in the thirty days up to each
select shop_id, day, sum(total) over (partition by shop_id order by day range between interval '30 days' preceding and current row) as month_money,
       count(*) over (partition by shop_id order by day range between interval '30 days' preceding and interval '30 days' following) as around
from (select shop_id, day, sum(total) as total from shop_sale join calendar using (day_id) where month_no between 40 and 45 group by shop_id, day) daily
order by shop_id, day;

-- between_visits: how long clients stay away, and how their spending moves
select client_id, day, day - lag(day) over (partition by client_id order by day, ticket) as away,
       paid - lag(paid, 1) over (partition by client_id order by day, ticket) as more,
       lead(paid, 2, 0.00) over (partition by client_id order by day, ticket) as after_next,
       row_number() over (partition by client_id order by day, ticket) as visit
from (select client_id, ticket, min(day) as day, sum(paid) as paid from shop_sale join calendar using (day_id)
      where client_id between 1 and 30 group by client_id, ticket) visits
order by client_id, day, visit;

-- quartiles: clients by spending, cut in four, and where they stand
select quarter, count(*) as clients, min(paid) as least, max(paid) as most, min(place) as p0, max(place) as p1
from (select client_id, paid, ntile(4) over (order by paid, client_id) as quarter,
             cast(percent_rank() over (order by paid) as decimal(8,6)) as place
      from (select client_id, sum(paid) as paid from net_sale where client_id is not null group by client_id having sum(paid) is not null) spent) cut
group by quarter
order by quarter;

-- cumulative_share: how few articles make half of the turnover (by Pareto)
select count(*) as articles, max(part) as share
from (select article_id, cast(sum(revenue) over (order by revenue desc, article_id rows unbounded preceding) as double precision)
             / cast(sum(revenue) over () as double precision) as part
      from (select article_id, sum(total) as revenue from shop_sale group by article_id) x) y
where part <= 0.5;

-- worst_returns: articles of each channel by the share given back, ranks within the channel
select channel, article, ratio, place
from (select 'net' as channel, article_id as article, ratio, rank() over (order by ratio desc) as place
      from (select s.article_id, cast(sum(coalesce(r.quantity, 0)) as double precision) / sum(coalesce(s.quantity, 1)) as ratio
            from net_sale s left join net_return r on s.order_no = r.order_no and s.article_id = r.article_id
            where s.paid > 0 and s.quantity > 0
            group by s.article_id) n
      union
      select 'mail', article_id, ratio, rank() over (order by ratio desc)
      from (select s.article_id, cast(sum(coalesce(r.quantity, 0)) as double precision) / sum(coalesce(s.quantity, 1)) as ratio
            from mail_sale s left join mail_return r on s.order_no = r.order_no and s.article_id = r.article_id
            where s.paid > 0 and s.quantity > 0
            group by s.article_id) m
      union
      select 'shop', article_id, ratio, rank() over (order by ratio desc)
      from (select s.article_id, cast(sum(coalesce(r.quantity, 0)) as double precision) / sum(coalesce(s.quantity, 1)) as ratio
            from shop_sale s left join shop_return r on s.ticket = r.ticket and s.article_id = r.article_id
            where s.paid > 0 and s.quantity > 0
            group by s.article_id) t) u
where place <= 10
order by channel, place, article;

-- first_and_last: each client's first and last article, by the window and by neighbours
select distinct client_id,
       first_value(article_id) over (partition by client_id order by day_id, ticket, article_id
                                     rows between unbounded preceding and unbounded following) as first_one,
       last_value(article_id) over (partition by client_id order by day_id, ticket, article_id
                                    rows between unbounded preceding and unbounded following) as last_one,
       nth_value(article_id, 2) over (partition by client_id order by day_id, ticket, article_id
                                      rows between unbounded preceding and unbounded following) as second_one
from shop_sale
where client_id < 60 and day_id is not null
order by client_id;

-- gaps: islands of days without a sale in one shop
select start, finish, days
from (select min(day) as start, max(day) as finish, count(*) as days
      from (select day, day_id - row_number() over (order by day) as island
            from calendar c
            where year_no = 2019 and not exists (select 1 from shop_sale s where s.day_id = c.day_id and s.shop_id = 1)) quiet
      group by island) islands
where days >= 5
order by start;

-- groups_frame: neighbours by value, not by row
select hour_no, sales, sum(sales) over (order by hour_no groups between 1 preceding and 1 following) as around,
       sum(sales) over (order by hour_no rows between 1 preceding and 1 following exclude current row) as others
from (select hour_no, count(*) as sales from net_sale join clock using (minute_id) group by hour_no) h
order by hour_no;
