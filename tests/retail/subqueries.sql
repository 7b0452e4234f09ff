-- SPDX-License-Identifier: Apache-2.0
-- Subqueries, correlated and not, chains of EXISTS, LATERAL, recursion, ranges instead of keys.

-- either_other_channel: clients of shops who also bought by mail or net, by what they are
select p.gender, p.marital, p.schooling, count(*) as cnt1, p.spending, count(*) as cnt2, p.credit, count(*) as cnt3
from client c, address a, persona p
where c.address_id = a.address_id and county in ('Williamson', 'Walker', 'Luce', 'Barrow') and p.persona_id = c.persona_id
  and exists (select * from shop_sale s, calendar d where c.client_id = s.client_id and s.day_id = d.day_id and year_no = 2020 and month_of_year between 1 and 9)
  and (exists (select * from net_sale s, calendar d where c.client_id = s.client_id and s.day_id = d.day_id and year_no = 2020 and month_of_year between 1 and 9)
       or exists (select * from mail_sale s, calendar d where c.client_id = s.ship_client_id and s.day_id = d.day_id and year_no = 2020 and month_of_year between 1 and 9))
group by p.gender, p.marital, p.schooling, p.spending, p.credit
order by p.gender, p.marital, p.schooling, p.spending, p.credit
limit 100;

-- not_other_channel: and those who did not
select a.state, p.gender, count(*) as cnt, min(p.dependents), max(p.dependents), sum(p.dependents)
from client c join address a on c.address_id = a.address_id join persona p on p.persona_id = c.persona_id
where exists (select 1 from shop_sale s join calendar d using (day_id) where s.client_id = c.client_id and d.year_no = 2019)
  and not exists (select 1 from net_sale s join calendar d using (day_id) where s.client_id = c.client_id and d.year_no = 2019)
  and not exists (select 1 from mail_sale s join calendar d using (day_id) where s.ship_client_id = c.client_id and d.year_no = 2019)
group by a.state, p.gender
order by a.state, p.gender;

-- two_depots: orders sent from more than one depot, none given back
select count(distinct order_no) as orders, sum(freight) as freight, sum(profit) as profit
from mail_sale m1, calendar, address, hub
where day between date '2019-02-01' and date '2019-02-01' + 400 and m1.ship_day_id = calendar.day_id and m1.ship_address_id = address.address_id
  and state in ('GA', 'TN') and m1.hub_id = hub.hub_id
  and exists (select * from mail_sale m2 where m1.order_no = m2.order_no and m1.depot_id <> m2.depot_id)
  and not exists (select * from mail_return r where m1.order_no = r.order_no);

-- two_depots_with: the same for the net, by a common table and IN, given back this time
with several as (select a.order_no, a.depot_id as d1, b.depot_id as d2 from net_sale a, net_sale b
                 where a.order_no = b.order_no and a.depot_id <> b.depot_id)
select count(distinct order_no) as orders, sum(freight) as freight, sum(profit) as profit
from net_sale n1, calendar, address, site
where day between date '2019-02-01' and date '2019-02-01' + 800 and n1.ship_day_id = calendar.day_id and n1.ship_address_id = address.address_id
  and state in ('GA', 'TN', 'OH') and n1.site_id = site.site_id and company in ('pri', 'able', 'bar')
  and n1.order_no in (select order_no from several)
  and n1.order_no in (select r.order_no from net_return r, several where r.order_no = several.order_no);

-- great_discount: sales with a discount above 1.3 times the article's mean of ninety days
select sum(n.list_total - n.total) as excess
from net_sale n, article i, calendar d
where i.maker_id between 1 and 12 and i.article_id = n.article_id and d.day between date '2020-01-27' and date '2020-01-27' + interval '90 days'
  and d.day_id = n.day_id
  and n.list_total - n.total > (select 1.3 * avg(w.list_total - w.total) from net_sale w, calendar e
                                where w.article_id = i.article_id and e.day between date '2020-01-27' and date '2020-01-27' + interval '90 days'
                                  and e.day_id = w.day_id);

-- low_stock: articles in stock whose level fell by a third around a day
select *
from (select d.name, i.article_code,
             sum(case when c.day < date '2020-05-10' then s.on_hand else 0 end) as before,
             sum(case when c.day >= date '2020-05-10' then s.on_hand else 0 end) as after
      from stock s, depot d, article i, calendar c
      where i.list_price between 10 and 99 and i.article_id = s.article_id and s.depot_id = d.depot_id and s.day_id = c.day_id
        and c.day between date '2020-05-10' - interval '60 days' and date '2020-05-10' + interval '60 days'
      group by d.name, i.article_code) x
where case when before > 0 then cast(after as double precision) / before end between 0.667 and 1.5
order by name, article_code
limit 100;

-- unstable_stock: quarters where stock varies more than its mean, beside the next quarter
with inv as (
    select d.name, d.depot_id, i.article_id, c.quarter_no as quarter, stddev_samp(on_hand) as sd, avg(on_hand * 1.0) as mean
    from stock s, article i, depot d, calendar c
    where s.article_id = i.article_id and s.depot_id = d.depot_id and s.day_id = c.day_id and c.year_no = 2020
    group by d.name, d.depot_id, i.article_id, c.quarter_no)
select a.depot_id, a.article_id, a.quarter, round(cast(a.sd / a.mean as decimal(18,6)), 4) as cov, b.quarter, round(cast(b.sd / b.mean as decimal(18,6)), 4)
from inv a, inv b
where a.article_id = b.article_id and a.depot_id = b.depot_id and b.quarter = a.quarter + 1
  and case when a.mean = 0 then 0 else a.sd / a.mean end > 0.9 and case when b.mean = 0 then 0 else b.sd / b.mean end > 0.9
order by a.depot_id, a.article_id, a.quarter, b.quarter;

-- or_of_bands: sums under OR of conditions over three tables
select avg(s.quantity * 1.0000), avg(s.list_total * 1.0000), sum(s.buy_price), count(*)
from shop_sale s, shop, persona p, household h, address a, calendar c
where shop.shop_id = s.shop_id and s.day_id = c.day_id and c.year_no = 2021
  and ((s.household_id = h.household_id and p.persona_id = s.persona_id and p.marital = 'M' and p.schooling = 'College' and s.price between 10.00 and 90.00 and h.dependents = 3)
       or (s.household_id = h.household_id and p.persona_id = s.persona_id and p.marital = 'S' and p.schooling = 'Primary' and s.price between 5.00 and 100.00 and h.dependents = 1)
       or (s.household_id = h.household_id and p.persona_id = s.persona_id and p.marital = 'W' and p.schooling = '2 yr Degree' and s.price between 1.00 and 150.00 and h.dependents < 5))
  and ((s.address_id = a.address_id and a.country = 'United States' and a.state in ('TN', 'GA', 'OH') and s.profit between -2000 and 20000)
       or (s.address_id = a.address_id and a.country = 'United States' and a.state in ('TX', 'CA', 'KS') and s.profit between -1500 and 3000));

-- zip_or_price: places by zip, or dear, or by state
select a.zip, sum(m.price) as sales
from mail_sale m, client c, address a, calendar d
where m.client_id = c.client_id and c.address_id = a.address_id
  and (substring(a.zip, 1, 2) in ('01', '03', '15', '30', '45') or a.state in ('CA', 'WA', 'GA') or m.price > 120)
  and m.day_id = d.day_id and d.quarter_name = '2020Q2'
group by a.zip
order by a.zip
limit 100;

-- city_moves: tickets bought in another city than the client's own
select last_name, first_name, home.city as home_city, bought_city, ticket, coupon, profit
from (select ticket, client_id, a.city as bought_city, sum(coupon) as coupon, sum(profit) as profit
      from shop_sale s, calendar d, shop, household h, address a
      where s.day_id = d.day_id and s.shop_id = shop.shop_id and s.household_id = h.household_id and s.address_id = a.address_id
        and (h.dependents = 5 or h.vehicles = 3) and d.day_of_week in (6, 0) and d.year_no in (2019, 2020, 2021)
      group by ticket, client_id, s.address_id, a.city) dn, client, address home
where dn.client_id = client.client_id and client.address_id = home.address_id and home.city <> bought_city
order by last_name, first_name, home_city, bought_city, ticket
limit 100;

-- big_tickets: tickets of many lines, by client
select last_name, first_name, salutation, preferred, ticket, cnt
from (select ticket, client_id, count(*) as cnt
      from shop_sale s, calendar d, household h
      where s.day_id = d.day_id and s.household_id = h.household_id and (d.day_of_month between 1 and 3 or d.day_of_month between 25 and 28)
        and (h.buys = '>10000' or h.buys = 'Unknown') and h.vehicles > 0
        and case when h.vehicles > 0 then cast(h.dependents as double precision) / h.vehicles end > 1.2
      group by ticket, client_id) dn, client
where dn.client_id = client.client_id and cnt between 3 and 20
order by last_name, first_name, salutation, preferred desc, ticket;

-- makers_of_colour: distinct titles of makers under an OR, by a correlated count
select distinct i1.title
from article i1
where maker_id between 5 and 25
  and (select count(*) from article i2
       where i2.maker = i1.maker and ((i2.category = 'Women' and (i2.color = 'red' or i2.color = 'navy') and i2.size in ('small', 'large'))
                                      or (i2.category = 'Men' and (i2.color = 'plum' or i2.color = 'linen') and i2.unit in ('Each', 'Case')))) > 0
order by i1.title;

-- skip_level: an inner question that speaks of the outermost
select i.article_id, i.category
from article i
where exists (select 1 from shop_sale s
              where s.article_id = i.article_id and s.quantity >= 40
                and exists (select 1 from shop_return r where r.ticket = s.ticket and r.article_id = i.article_id and r.quantity * 2 > s.quantity))
order by i.article_id;

-- scalar_in_select: correlated values beside each row, some of nothing
select s.shop_id, s.name,
       (select count(*) from shop_sale f where f.shop_id = s.shop_id and f.quantity > 12) as large,
       (select max(d.day) from shop_sale f join calendar d using (day_id) where f.shop_id = s.shop_id) as last_day,
       (select sum(r.amount) from shop_return r where r.shop_id = s.shop_id and r.motive_id = (select min(motive_id) from motive where words like 'Gift%')) as gifts,
       (select h.name from hub h where h.hub_id = s.shop_id) as hub
from shop s
order by s.shop_id;

-- not_in_null: NOT IN over what holds a null tells nothing; without, it does
select (select count(*) from client where client_id not in (select client_id from mail_sale)) as with_null,
       (select count(*) from client where client_id not in (select client_id from mail_sale where client_id is not null)) as without_null,
       (select count(*) from mail_sale where client_id not in (select client_id from net_sale where client_id is not null)) as nullable_left;

-- lateral_top: the two dearest sales of each shop
select s.shop_id, s.name, t.ticket, t.article_id, t.price
from shop s,
     lateral (select f.ticket, f.article_id, f.price from shop_sale f
              where f.shop_id = s.shop_id and f.price is not null
              order by f.price desc, f.ticket, f.article_id limit 2) t
order by s.shop_id, t.price desc, t.ticket, t.article_id;

-- lateral_left: and where there is nothing, the row stays
select m.motive_id, m.words, x.n, x.worst
from motive m left join lateral (select count(*) as n, max(amount) as worst from net_return r where r.motive_id = m.motive_id and r.quantity > 60 having count(*) > 0) x on true
order by m.motive_id;

-- hierarchy: makers as a tree, each under the one of half its number
with recursive tree (maker_id, depth, path) as (
    select distinct maker_id, 1, cast(maker_id as varchar(100)) from article where maker_id = 1
    union all
    select child.maker_id, tree.depth + 1, cast(tree.path || '/' || cast(child.maker_id as varchar(10)) as varchar(100))
    from tree join (select distinct maker_id from article) child on child.maker_id / 2 = tree.maker_id)
select depth, count(*) as makers, min(path) as first_path, max(path) as last_path, sum(articles) as articles
from tree join (select maker_id as m, count(*) as articles from article group by maker_id) a on a.m = tree.maker_id
group by depth
order by depth;

-- months_walked: a calendar made by recursion, months without sales included
with recursive months (m) as (
    select date '2021-01-01'
    union all
    select cast(m + interval '1 month' as date) from months where m < date '2021-12-01')
select m, count(s.day_id) as sales, coalesce(sum(s.total), 0) as total
from months left join (calendar c join net_sale s on s.day_id = c.day_id and s.site_id = 4) on c.day >= m and c.day < m + interval '1 month'
group by m
order by m;

-- promo_days: sales during the promotion of the same article, by range
select p.promo_id, count(s.ticket) as sales, sum(s.total) as total
from promo p
     left join calendar c on c.day_id between p.from_day_id and p.to_day_id
     left join shop_sale s on s.day_id = c.day_id and s.article_id = p.article_id
group by p.promo_id
order by p.promo_id;

-- bands: clients by income band, joined by a range
select b.band_id, count(*) as clients, min(p.spending) as low, max(p.spending) as high
from persona p join band b on p.spending * 12 between b.lower and b.upper
     join client c on c.persona_id = p.persona_id
group by b.band_id
order by b.band_id;

-- cheaper_later: pairs of sales of one article to one client, the later one cheaper
select count(*) as pairs, count(distinct a.client_id) as clients, max(b.day_id - a.day_id) as longest
from shop_sale a join shop_sale b on a.client_id = b.client_id and a.article_id = b.article_id and b.day_id > a.day_id and b.price < a.price * 0.8;

-- returned_reason: net clients' means by reason and how they stand
select substring(m.words, 1, 20) as reason, avg(s.quantity * 1.0000) as quantity, avg(r.amount) as amount, avg(r.fee) as fee, count(*) as n
from net_sale s join net_return r on s.article_id = r.article_id and s.order_no = r.order_no
     join page g on g.page_id = s.page_id
     join motive m on m.motive_id = r.motive_id
     left join client c on c.client_id = r.client_id
     left join persona p on p.persona_id = c.persona_id
where (p.marital in ('M', 'S') or p.marital is null or c.client_id is null) and s.price between 1.00 and 200.00
group by m.words
order by reason, quantity, amount, fee
limit 100;

-- union_of_distinct: three ways into one list, duplicates gone, then counted
select source, count(*) as n, count(distinct id) as ids
from (select 'buyer' as source, client_id as id from shop_sale where day_id < 2458400
      union
      select 'buyer', client_id from net_sale where day_id < 2458400
      union all
      select 'returner', client_id from shop_return where day_id < 2458400) people
group by source
order by source;

-- except_all: bags, not sets
select address_id from shop_sale where address_id <= 40
except all
select ship_address_id from mail_sale where ship_address_id <= 40
order by address_id nulls first
limit 60;

-- intersect_tighter: INTERSECT binds more than UNION
select brand_id from article where color = 'red'
union
select brand_id from article where color = 'blue'
intersect
select brand_id from article where size = 'small'
order by brand_id;

-- year_to_year: each quarter against the same of the year before, by category, with a missing one counted as none
with q as (
    select category_id, year_no, quarter_no, sum(total) as total
    from net_sale join calendar using (day_id) join article using (article_id)
    where category_id <= 4
    group by category_id, year_no, quarter_no)
select coalesce(now.category_id, old.category_id) as category, coalesce(now.quarter_no, old.quarter_no + 4) as quarter,
       coalesce(now.total, 0) - coalesce(old.total, 0) as change
from q now full join q old on old.category_id = now.category_id and old.quarter_no + 4 = now.quarter_no
order by category, quarter;

-- nested_aggregates: the most and mean of sums of counts
select max(tickets) as most, min(tickets) as least, cast(avg(tickets * 1.0000) as decimal(12,4)) as mean, count(*) as days
from (select day, sum(n) as tickets
      from (select day, shop_id, count(distinct ticket) as n from shop_sale join calendar using (day_id) group by day, shop_id) a
      group by day) b;

-- exists_or_value: an EXISTS as a value, in CASE and in the select list
select a.article_id, exists (select 1 from net_return r where r.article_id = a.article_id) as back,
       case when a.article_id in (select article_id from promo) then 'promoted' when a.article_id in (select article_id from promo where article_id is not null) then 'never' else 'plain' end as kind
from article a
where a.article_id <= 40
order by a.article_id;
