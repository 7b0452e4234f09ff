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

-- brands: what did one maker's brands sell in the Decembers?
select c.year_no, a.brand_id, a.brand, sum(s.total) as sales
from calendar c, shop_sale s, article a
where c.day_id = s.day_id and s.article_id = a.article_id and a.maker_id between 3 and 9 and c.month_of_year = 12
group by c.year_no, a.brand, a.brand_id
order by c.year_no, sales desc, a.brand_id
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
