-- SPDX-License-Identifier: Apache-2.0
-- Several facts at once: channels united, joined, compared.

-- returners: who gave back more than 1.2 times the mean of the shop?
with back as (
    select client_id, shop_id, sum(amount) as amount
    from shop_return join calendar using (day_id)
    where year_no = 2019
    group by client_id, shop_id)
select client_code, a.amount
from back a, shop, client
where a.amount > (select avg(b.amount) * 1.2 from back b where b.shop_id = a.shop_id)
  and shop.shop_id = a.shop_id
  and client.client_id = a.client_id
order by client_code, a.amount
limit 100;

-- weekdays: how did each week's sales by mail and net change within a year?
with sold as (
    select day_id, total from net_sale
    union all
    select day_id, total from mail_sale),
weekly as (
    select week_no,
           sum(case when day_name = 'Sunday' then total end) as sunday,
           sum(case when day_name = 'Monday' then total end) as monday,
           sum(case when day_name = 'Wednesday' then total end) as wednesday,
           sum(case when day_name = 'Friday' then total end) as friday
    from sold join calendar on calendar.day_id = sold.day_id
    group by week_no)
select this.week_no, round(this.sunday / later.sunday, 2), round(this.monday / later.monday, 2),
       round(this.wednesday / later.wednesday, 2), round(this.friday / later.friday, 2)
from (select weekly.* from weekly, (select distinct week_no w from calendar where year_no = 2019) y where week_no = w) this,
     (select weekly.* from weekly, (select distinct week_no w from calendar where year_no = 2020) y where week_no = w) later
where this.week_no = later.week_no - 52
order by this.week_no;

-- brands: what did one maker's brands sell in the Decembers?
select c.year_no, a.brand_id, a.brand, sum(s.total) as sales
from calendar c, shop_sale s, article a
where c.day_id = s.day_id and s.article_id = a.article_id and a.maker_id between 3 and 9 and c.month_of_year = 12
group by c.year_no, a.brand, a.brand_id
order by c.year_no, sales desc, a.brand_id
limit 100;

-- growth: whose purchases by mail and net grew faster than those in shops?
with yearly as (
    select c.client_id, c.client_code, c.last_name, d.year_no, sum((s.list_total - s.coupon + s.total) / 2) as worth, 's' as channel
    from client c, shop_sale s, calendar d
    where c.client_id = s.client_id and s.day_id = d.day_id
    group by c.client_id, c.client_code, c.last_name, d.year_no
    union all
    select c.client_id, c.client_code, c.last_name, d.year_no, sum((s.list_total - s.coupon + s.total) / 2), 'm'
    from client c, mail_sale s, calendar d
    where c.client_id = s.client_id and s.day_id = d.day_id
    group by c.client_id, c.client_code, c.last_name, d.year_no
    union all
    select c.client_id, c.client_code, c.last_name, d.year_no, sum((s.list_total - s.coupon + s.total) / 2), 'n'
    from client c, net_sale s, calendar d
    where c.client_id = s.client_id and s.day_id = d.day_id
    group by c.client_id, c.client_code, c.last_name, d.year_no)
select s2.client_code, s2.last_name
from yearly s1, yearly s2, yearly m1, yearly m2
where s1.client_id = s2.client_id and s1.client_id = m1.client_id and s1.client_id = m2.client_id
  and s1.channel = 's' and s2.channel = 's' and m1.channel = 'm' and m2.channel = 'm'
  and s1.year_no = 2019 and s2.year_no = 2020 and m1.year_no = 2019 and m2.year_no = 2020
  and s1.worth > 0 and m1.worth > 0
  and case when m1.worth > 0 then m2.worth / m1.worth end > case when s1.worth > 0 then s2.worth / s1.worth end
order by s2.client_code, s2.last_name
limit 100;

-- profit_and_loss: sales, returns, profit of each channel and place, with totals
with shops as (
    select name as place, sum(sales) as sales, sum(profit) as profit, sum(returned) as returned, sum(loss) as loss
    from (select shop_id, day_id, total as sales, profit, 0.00 as returned, 0.00 as loss from shop_sale
          union all
          select shop_id, day_id, 0.00, 0.00, amount, loss from shop_return) moved
         join calendar using (day_id) join shop using (shop_id)
    where day between date '2020-08-01' and date '2020-08-01' + 100
    group by name),
mail as (
    select 'brochure ' || cast(brochure_id as varchar(10)) as place, sum(total) as sales, sum(profit) as profit
    from mail_sale join calendar using (day_id)
    where day between date '2020-08-01' and date '2020-08-01' + 100
    group by brochure_id),
net as (
    select site.name as place, sum(s.total) as sales, sum(r.amount) as returned, sum(s.profit) - sum(coalesce(r.loss, 0)) as profit
    from net_sale s
         left join net_return r on r.article_id = s.article_id and r.order_no = s.order_no
         join calendar c on c.day_id = s.day_id
         join site on site.site_id = s.site_id
    where c.day between date '2020-08-01' and date '2020-08-01' + 100
    group by site.name)
select channel, place, sum(sales) as sales, sum(returned) as returned, sum(profit) as profit
from (select 'shop' as channel, place, sales, returned, profit - loss as profit from shops
      union all
      select 'mail', place, sales, 0.00, profit from mail
      union all
      select 'net', place, sales, coalesce(returned, 0), profit from net) all_channels
group by rollup (channel, place)
order by channel, place, sales
limit 100;

-- dear_articles: states with buyers of what costs 1.2 times the mean of its category
select a.state, count(*) as cnt
from address a, client c, shop_sale s, calendar d, article i
where a.address_id = c.address_id and c.client_id = s.client_id and s.day_id = d.day_id and s.article_id = i.article_id
  and d.month_no = (select distinct month_no from calendar where year_no = 2020 and month_of_year = 11)
  and i.list_price > 1.2 * (select avg(j.list_price) from article j where j.category = i.category)
group by a.state
having count(*) >= 3
order by cnt, a.state
limit 100;

-- all_three: articles sold in all channels in one quarter, as sets
select article_code from article where article_id in (
    select s.article_id from shop_sale s join calendar using (day_id) where quarter_name = '2020Q4'
    intersect
    select m.article_id from mail_sale m join calendar using (day_id) where quarter_name = '2020Q4'
    intersect
    select n.article_id from net_sale n join calendar using (day_id) where quarter_name = '2020Q4')
order by article_code, article_id;

-- shop_not_net: clients of the shops who bought neither by mail nor in the net
select count(*) from (
    (select distinct last_name, first_name, day from shop_sale, calendar, client
     where shop_sale.day_id = calendar.day_id and shop_sale.client_id = client.client_id and year_no = 2019)
    except
    (select distinct last_name, first_name, day from mail_sale, calendar, client
     where mail_sale.day_id = calendar.day_id and mail_sale.client_id = client.client_id and year_no = 2019)
    except
    (select distinct last_name, first_name, day from net_sale, calendar, client
     where net_sale.day_id = calendar.day_id and net_sale.client_id = client.client_id and year_no = 2019)) cool;

-- both_or_one: who bought in shops, by mail, in both, in one month
with s as (select client_id, article_id from shop_sale join calendar using (day_id) where month_no between 20 and 31 group by client_id, article_id),
     m as (select client_id, article_id from mail_sale join calendar using (day_id) where month_no between 20 and 31 group by client_id, article_id)
select sum(case when s.client_id is not null and m.client_id is null then 1 else 0 end) as shop_only,
       sum(case when s.client_id is null and m.client_id is not null then 1 else 0 end) as mail_only,
       sum(case when s.client_id is not null and m.client_id is not null then 1 else 0 end) as both_ways
from s full outer join m on s.client_id = m.client_id and s.article_id = m.article_id;

-- full_of_aggregates: articles' turnover by channel side by side, known in any of them
select coalesce(s.article_id, m.article_id, n.article_id) as article, s.total as shop, m.total as mail, n.total as net,
       coalesce(s.total, 0) + coalesce(m.total, 0) + coalesce(n.total, 0) as together
from (select article_id, sum(total) as total from shop_sale where day_id between 2459000 and 2459020 group by article_id) s
     full join (select article_id, sum(total) as total from mail_sale where day_id between 2459000 and 2459020 group by article_id) m
          on m.article_id = s.article_id
     full join (select article_id, sum(total) as total from net_sale where day_id between 2459000 and 2459020 group by article_id) n
          on n.article_id = coalesce(s.article_id, m.article_id)
order by together desc, article;

-- bought_back_bought: bought in a shop, given back, bought again by mail
select i.article_code, i.title, s.shop_code, sum(ss.quantity) as sold, sum(sr.quantity) as back, sum(ms.quantity) as again
from shop_sale ss
     join shop_return sr on sr.client_id = ss.client_id and sr.article_id = ss.article_id and sr.ticket = ss.ticket
     join mail_sale ms on ms.client_id = sr.client_id and ms.article_id = sr.article_id
     join calendar d1 on d1.day_id = ss.day_id
     join calendar d2 on d2.day_id = sr.day_id
     join calendar d3 on d3.day_id = ms.day_id
     join shop s on s.shop_id = ss.shop_id
     join article i on i.article_id = ss.article_id
where d1.year_no between 2018 and 2022 and d2.day >= d1.day and d3.year_no in (2018, 2019, 2020, 2021, 2022)
group by i.article_code, i.title, s.shop_code
order by i.article_code, i.title, s.shop_code;

-- null_keys: which keys are left out in which channel, and what was sold so
select 'shop' as channel, 'shop_id' as col, quarter_name, category, count(*) as sales, sum(total) as total
from shop_sale, article, calendar
where shop_id is null and shop_sale.day_id = calendar.day_id and shop_sale.article_id = article.article_id
group by quarter_name, category
union all
select 'net', 'site_id', quarter_name, category, count(*), sum(total)
from net_sale, article, calendar
where site_id is null and net_sale.day_id = calendar.day_id and net_sale.article_id = article.article_id
group by quarter_name, category
union all
select 'mail', 'depot_id', quarter_name, category, count(*), sum(total)
from mail_sale, article, calendar
where depot_id is null and mail_sale.day_id = calendar.day_id and mail_sale.article_id = article.article_id
group by quarter_name, category
order by channel, quarter_name, category
limit 200;

-- three_year_ratio: what of the mail's and net's turnover is not returned, beside shops, by client
with ss as (
    select year_no, s.article_id, s.client_id, sum(s.quantity) as qty, sum(s.buy_price) as cost
    from shop_sale s left join shop_return r on r.ticket = s.ticket and r.article_id = s.article_id
         join calendar c on c.day_id = s.day_id
    where r.ticket is null
    group by year_no, s.article_id, s.client_id),
ns as (
    select year_no, s.article_id, s.client_id, sum(s.quantity) as qty, sum(s.buy_price) as cost
    from net_sale s left join net_return r on r.order_no = s.order_no and r.article_id = s.article_id
         join calendar c on c.day_id = s.day_id
    where r.order_no is null
    group by year_no, s.article_id, s.client_id)
select ss.client_id, ss.article_id, ss.qty, ss.cost, coalesce(ns.qty, 0) as other
from ss left join ns on ns.year_no = ss.year_no and ns.article_id = ss.article_id and ns.client_id = ss.client_id
where coalesce(ns.qty, 0) > 0 and ss.year_no = 2020
order by ss.client_id, ss.article_id, ss.qty, ss.cost;

-- category_trend: units and money of a category against the year before, returns taken off
with sold as (
    select year_no, brand_id, class_id, category_id, sum(cnt) as cnt, sum(amt) as amt
    from (select year_no, brand_id, class_id, category_id, s.quantity - coalesce(r.quantity, 0) as cnt, s.total - coalesce(r.amount, 0.0) as amt
          from mail_sale s join article using (article_id) join calendar on calendar.day_id = s.day_id
               left join mail_return r on s.order_no = r.order_no and s.article_id = r.article_id
          where category = 'Books'
          union
          select year_no, brand_id, class_id, category_id, s.quantity - coalesce(r.quantity, 0), s.total - coalesce(r.amount, 0.0)
          from shop_sale s join article using (article_id) join calendar on calendar.day_id = s.day_id
               left join shop_return r on s.ticket = r.ticket and s.article_id = r.article_id
          where category = 'Books'
          union
          select year_no, brand_id, class_id, category_id, s.quantity - coalesce(r.quantity, 0), s.total - coalesce(r.amount, 0.0)
          from net_sale s join article using (article_id) join calendar on calendar.day_id = s.day_id
               left join net_return r on s.order_no = r.order_no and s.article_id = r.article_id
          where category = 'Books') detail
    group by year_no, brand_id, class_id, category_id)
select before.year_no as year_before, now.year_no, now.brand_id, now.class_id, before.cnt as cnt_before, now.cnt, now.cnt - before.cnt as diff, now.amt - before.amt as amt_diff
from sold now join sold before on now.brand_id = before.brand_id and now.class_id = before.class_id and now.category_id = before.category_id
where now.year_no = 2021 and before.year_no = 2020
  and cast(now.cnt as decimal(17,2)) / cast(before.cnt as decimal(17,2)) < 0.9
order by diff, amt_diff, now.brand_id, now.class_id
limit 100;

-- same_by_channel: articles whose returns by all three channels come from the same days
with sr as (select article_code, sum(quantity) as q from shop_return join article using (article_id) join calendar using (day_id)
            where day in (select day from calendar where week_no in (select week_no from calendar where month_of_year in (6, 9, 11)))
            group by article_code),
     mr as (select article_code, sum(quantity) as q from mail_return join article using (article_id) join calendar using (day_id)
            where day in (select day from calendar where week_no in (select week_no from calendar where month_of_year in (6, 9, 11)))
            group by article_code),
     nr as (select article_code, sum(quantity) as q from net_return join article using (article_id) join calendar using (day_id)
            where day in (select day from calendar where week_no in (select week_no from calendar where month_of_year in (6, 9, 11)))
            group by article_code)
select sr.article_code, sr.q, sr.q * 100 / (sr.q + mr.q + nr.q) as share, mr.q, mr.q * 1.0 / (sr.q + mr.q + nr.q), nr.q,
       (sr.q + mr.q + nr.q) / 3.0 as mean
from sr, mr, nr
where sr.article_code = mr.article_code and sr.article_code = nr.article_code
order by sr.article_code, sr.q;
