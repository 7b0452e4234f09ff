-- SPDX-License-Identifier: Apache-2.0
-- Reports: long ones, each of several steps that the other files ask one by one.

-- parents_ranked: margin of every channel along category and class, ranked among rows of one level under one parent
with lines as (
    select 'shop' as channel, article_id, profit, total from shop_sale
    union all
    select 'mail', article_id, profit, total from mail_sale
    union all
    select 'net', article_id, profit, total from net_sale)
select channel, category, class, sum(profit) as profit, sum(total) as total,
       grouping(channel) + grouping(category) + grouping(class) as level,
       rank() over (partition by grouping(channel) + grouping(category) + grouping(class),
                                 case when grouping(class) = 0 then category end
                    order by sum(profit) / sum(total) desc, channel, category, class) as place
from lines join article using (article_id)
where category in ('Books', 'Music', 'Home', 'Shoes') or category is null
group by rollup (channel, category, class)
order by level desc, channel, category, class, place;

-- faithful_days: who bought on one day in all three channels
select count(*)
from (select last_name, first_name, day
      from shop_sale s join calendar d on d.day_id = s.day_id join client c on c.client_id = s.client_id
      where d.year_no = 2020
      intersect
      select last_name, first_name, day
      from mail_sale s join calendar d on d.day_id = s.day_id join client c on c.client_id = s.client_id
      where d.year_no = 2020
      intersect
      select last_name, first_name, day
      from net_sale s join calendar d on d.day_id = s.day_id join client c on c.client_id = s.client_id
      where d.year_no = 2020) everywhere;

-- kinds_everywhere: brand, class and category that all channels sold, and what those sold above the mean of all
with kinds as (
    select brand_id, class_id, category_id
    from shop_sale s join article a on a.article_id = s.article_id join calendar d on d.day_id = s.day_id
    where d.year_no between 2019 and 2021
    intersect
    select brand_id, class_id, category_id
    from mail_sale s join article a on a.article_id = s.article_id join calendar d on d.day_id = s.day_id
    where d.year_no between 2019 and 2021
    intersect
    select brand_id, class_id, category_id
    from net_sale s join article a on a.article_id = s.article_id join calendar d on d.day_id = s.day_id
    where d.year_no between 2019 and 2021),
chosen as (
    select article_id
    from article a join kinds k on a.brand_id = k.brand_id and a.class_id = k.class_id and a.category_id = k.category_id),
usual as (
    select avg(quantity * price) as worth
    from (select quantity, price from shop_sale join calendar using (day_id) where year_no between 2019 and 2021
          union all
          select quantity, price from mail_sale join calendar using (day_id) where year_no between 2019 and 2021
          union all
          select quantity, price from net_sale join calendar using (day_id) where year_no between 2019 and 2021) x),
sold as (
    select 'shop' as channel, brand_id, class_id, category_id, sum(quantity * price) as sales, count(*) as lines
    from shop_sale join article using (article_id) join calendar using (day_id)
    where article_id in (select article_id from chosen) and year_no = 2021 and month_of_year = 11
    group by brand_id, class_id, category_id
    having sum(quantity * price) > (select worth from usual)
    union all
    select 'mail', brand_id, class_id, category_id, sum(quantity * price), count(*)
    from mail_sale join article using (article_id) join calendar using (day_id)
    where article_id in (select article_id from chosen) and year_no = 2021 and month_of_year = 11
    group by brand_id, class_id, category_id
    having sum(quantity * price) > (select worth from usual)
    union all
    select 'net', brand_id, class_id, category_id, sum(quantity * price), count(*)
    from net_sale join article using (article_id) join calendar using (day_id)
    where article_id in (select article_id from chosen) and year_no = 2021 and month_of_year = 11
    group by brand_id, class_id, category_id
    having sum(quantity * price) > (select worth from usual))
select channel, brand_id, class_id, category_id, sum(sales), sum(lines)
from sold
group by rollup (channel, brand_id, class_id, category_id)
order by channel, brand_id, class_id, category_id, 5
limit 100;

-- six_times: first and second year of each of three channels from one common table
with yearly as (
    select client_id, 'shop' as channel, year_no, sum(list_total - coupon) as worth
    from shop_sale join calendar using (day_id) group by client_id, year_no
    union all
    select client_id, 'mail', year_no, sum(list_total - coupon)
    from mail_sale join calendar using (day_id) group by client_id, year_no
    union all
    select client_id, 'net', year_no, sum(list_total - coupon)
    from net_sale join calendar using (day_id) group by client_id, year_no)
select c.client_code, c.first_name, c.last_name, c.email,
       case when n2.worth / n1.worth > s2.worth / s1.worth then 'net before shop' else 'shop before net' end as order_of_growth
from yearly s1
     join yearly s2 on s2.client_id = s1.client_id
     join yearly m1 on m1.client_id = s1.client_id
     join yearly m2 on m2.client_id = s1.client_id
     join yearly n1 on n1.client_id = s1.client_id
     join yearly n2 on n2.client_id = s1.client_id
     join client c on c.client_id = s1.client_id
where s1.channel = 'shop' and s2.channel = 'shop' and m1.channel = 'mail' and m2.channel = 'mail'
  and n1.channel = 'net' and n2.channel = 'net'
  and s1.year_no = 2019 and s2.year_no = 2020 and m1.year_no = 2019 and m2.year_no = 2020 and n1.year_no = 2019 and n2.year_no = 2020
  and s1.worth > 0 and m1.worth > 0 and n1.worth > 0
  and case when m1.worth > 0 then m2.worth / m1.worth else null end > case when n1.worth > 0 then n2.worth / n1.worth else 0.0 end
order by c.client_code, c.first_name nulls last, c.last_name nulls last, c.email;

-- exists_with_or: by persona, clients of one region who bought elsewhere too
select p.gender, p.marital, p.schooling, count(*) as cnt, min(p.dependents), max(p.dependents), sum(p.spending) as spending
from client c join address a on a.address_id = c.address_id join persona p on p.persona_id = c.persona_id
where a.state in ('TN', 'GA', 'OH')
  and exists (select 1 from shop_sale s, calendar d where s.client_id = c.client_id and s.day_id = d.day_id and d.year_no = 2020)
  and (exists (select 1 from net_sale s, calendar d where s.client_id = c.client_id and s.day_id = d.day_id and d.quarter_name = '2020Q2')
       or exists (select 1 from mail_sale s, calendar d
                  where s.ship_client_id = c.client_id and s.day_id = d.day_id and d.quarter_name = '2020Q3')
       or c.preferred = 'Y' and not exists (select 1 from shop_return r where r.client_id = c.client_id))
group by p.gender, p.marital, p.schooling
order by p.gender, p.marital, p.schooling;

-- running_full: cumulative takings of two channels put together by day, days where one leads
with net as (
    select article_id, day, sum(sum(total)) over (partition by article_id order by day rows between unbounded preceding and current row) as cumulated
    from net_sale join calendar using (day_id) where article_id <= 40 and year_no = 2020 group by article_id, day),
shops as (
    select article_id, day, sum(sum(total)) over (partition by article_id order by day rows between unbounded preceding and current row) as cumulated
    from shop_sale join calendar using (day_id) where article_id <= 40 and year_no = 2020 group by article_id, day)
select *
from (select article_id, day, net_so_far, shops_so_far,
             max(net_so_far) over (partition by article_id order by day rows between unbounded preceding and current row) as net_known,
             max(shops_so_far) over (partition by article_id order by day rows between unbounded preceding and current row) as shops_known
      from (select coalesce(n.article_id, s.article_id) as article_id, coalesce(n.day, s.day) as day,
                   n.cumulated as net_so_far, s.cumulated as shops_so_far
            from net n full outer join shops s on n.article_id = s.article_id and n.day = s.day) both_sides) known
where net_known > shops_known
order by article_id, day;

-- case_of_counts: for five ranges of quantity one mean or another, as many rows arrive
select case when (select count(*) from shop_sale where quantity between 1 and 2) > 1500
            then (select round(avg(coupon), 1) from shop_sale where quantity between 1 and 2)
            else (select round(avg(paid), 1) from shop_sale where quantity between 1 and 2) end as few,
       case when (select count(*) from shop_sale where quantity between 3 and 8) > 150000
            then (select round(avg(coupon), 1) from shop_sale where quantity between 3 and 8)
            else (select round(avg(paid), 1) from shop_sale where quantity between 3 and 8) end as some,
       case when (select count(*) from shop_sale where quantity > 8) > 100
            then (select max(coupon) from shop_sale where quantity > 8)
            else (select min(paid) from shop_sale where quantity > 8) end as many,
       case when (select count(*) from shop_sale where quantity is null) = 0
            then (select min(ticket) from shop_sale where quantity is null)
            else (select max(ticket) from shop_sale where quantity is null) end as unknown
from motive
where motive_id = 1;

-- depots_apart: deviation over mean of a quarter's stock, and the quarter after
with levels as (
    select depot_id, article_id, quarter_no, stddev_samp(cast(on_hand as double precision)) as spread, avg(cast(on_hand as double precision)) as mean
    from stock join calendar using (day_id) join depot using (depot_id)
    where year_no = 2020
    group by depot_id, article_id, quarter_no),
shaky as (
    select depot_id, article_id, quarter_no, case mean when 0 then null else spread / mean end as variation
    from levels
    where case mean when 0 then 0 else spread / mean end > 0.5)
select a.depot_id, a.article_id, a.quarter_no, b.quarter_no, a.variation > b.variation as calmer
from shaky a join shaky b on a.article_id = b.article_id and a.depot_id = b.depot_id and b.quarter_no = a.quarter_no + 1
order by a.depot_id, a.article_id, a.quarter_no;

-- zips_alike: shops near clients, by the first two digits of places where many prefer us
select s.name, sum(x.profit) as profit
from shop_sale x, calendar d, shop s,
     (select zip
      from (select substring(zip, 1, 5) as zip from address where substring(zip, 1, 2) in ('01', '03', '15', '27', '33', '42', '48', '60', '75', '90')
            intersect
            select zip
            from (select substring(a.zip, 1, 5) as zip, count(*) as cnt
                  from address a, client c where a.address_id = c.address_id and c.preferred = 'Y'
                  group by a.zip having count(*) > 2) liked) both_lists) z
where x.shop_id = s.shop_id and x.day_id = d.day_id and d.quarter_no = 9 and substring(s.zip, 1, 1) = substring(z.zip, 1, 1)
group by s.name
order by s.name;

-- big_list: IN of many numbers, of many texts, and not in
select a.article_id, a.color, sum(s.quantity)
from article a join mail_sale s on s.article_id = a.article_id
where a.article_id in (1, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127,
                       131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239, 241, 251, 257, 263)
  and a.color in ('red', 'green', 'blue', 'black', 'plum', 'navy', 'ochre', 'sand', 'rust', 'teal', 'gold', 'pine', 'moss', 'fawn')
  and s.depot_id not in (3, 4, 7, 9)
group by a.article_id, a.color
order by a.article_id;

-- ties_of_top: per category the three best by profit with what ties them, and the gap to the one before
select category, title, profit, place, profit - lag(profit) over (partition by category order by place, title, article_id) as gap
from (select category, title, article_id, profit, rank() over (partition by category order by profit desc) as place
      from (select coalesce(a.category, 'none') as category, a.title, a.article_id, round(sum(s.profit), -3) as profit
            from shop_sale s join article a on a.article_id = s.article_id
            group by a.category, a.title, a.article_id) sums) ranked
where place <= 3
order by category, place, title, article_id;

-- returns_taken_off: what is left of each channel's sales by maker, returns missing counted as none
select maker_id, sum(units) as units, sum(money) as money
from (select a.maker_id, s.quantity - coalesce(r.quantity, 0) as units, s.total - coalesce(r.amount, 0.0) as money
      from mail_sale s join article a on a.article_id = s.article_id
           left join mail_return r on r.order_no = s.order_no and r.article_id = s.article_id
      union
      select a.maker_id, s.quantity - coalesce(r.quantity, 0), s.total - coalesce(r.amount, 0.0)
      from shop_sale s join article a on a.article_id = s.article_id
           left join shop_return r on r.ticket = s.ticket and r.article_id = s.article_id
      union
      select a.maker_id, s.quantity - coalesce(r.quantity, 0), s.total - coalesce(r.amount, 0.0)
      from net_sale s join article a on a.article_id = s.article_id
           left join net_return r on r.order_no = s.order_no and r.article_id = s.article_id) moved
group by maker_id
order by maker_id;

-- never_back: tickets without any return, of clients met again within ninety days
select s.shop_id, count(distinct s.ticket) as tickets, count(distinct s.client_id) as clients, sum(s.paid) as paid
from shop_sale s left join shop_return r on r.ticket = s.ticket and r.article_id = s.article_id
where r.ticket is null and s.client_id is not null
  and exists (select 1 from shop_sale later where later.client_id = s.client_id and later.ticket <> s.ticket
                                              and later.day_id > s.day_id and later.day_id <= s.day_id + 90)
group by s.shop_id
having count(distinct s.ticket) > 3
order by s.shop_id;

-- distinct_across: how many clients each pair of channels shares, and all three
with one as (select distinct client_id from shop_sale where client_id is not null),
two as (select distinct client_id from mail_sale where client_id is not null),
three as (select distinct client_id from net_sale where client_id is not null)
select count(distinct one.client_id) as shop, count(distinct two.client_id) as mail, count(distinct three.client_id) as net,
       sum(case when one.client_id is not null and two.client_id is null and three.client_id is null then 1 else 0 end) as shop_only,
       sum(case when one.client_id is not null and two.client_id is not null and three.client_id is null then 1 else 0 end) as shop_mail,
       sum(case when one.client_id is not null and two.client_id is not null and three.client_id is not null then 1 else 0 end) as everywhere
from one full join two on one.client_id = two.client_id
     full join three on three.client_id = coalesce(one.client_id, two.client_id);

-- late_shipping: days between order and shipping in buckets by the first letters of the depot, two joins to the calendar
select substring(w.name, 1, 8) as depot, c.kind, si.name,
       sum(case when later.day - ordered.day <= 30 then 1 else 0 end) as within_30,
       sum(case when later.day - ordered.day > 30 and later.day - ordered.day <= 60 then 1 else 0 end) as within_60,
       sum(case when later.day - ordered.day > 60 and later.day - ordered.day <= 90 then 1 else 0 end) as within_90,
       sum(case when later.day - ordered.day > 90 then 1 else 0 end) as longer
from net_sale s, depot w, carrier c, site si, calendar ordered, calendar later
where s.ship_day_id = later.day_id and s.day_id = ordered.day_id and s.depot_id = w.depot_id and s.carrier_id = c.carrier_id
  and s.site_id = si.site_id and ordered.month_no between 25 and 36
group by substring(w.name, 1, 8), c.kind, si.name
order by depot, c.kind, si.name;

-- same_week: takings of three channels in the weeks of three days, within a tenth of their mean
with shops as (
    select article_code, sum(total) as taken
    from shop_sale join article using (article_id) join calendar using (day_id)
    where day in (select day from calendar where week_no in (select week_no from calendar
                                                             where day in (date '2019-11-08', date '2020-11-13', date '2021-12-03')))
    group by article_code),
mails as (
    select article_code, sum(total) as taken
    from mail_sale join article using (article_id) join calendar using (day_id)
    where day in (select day from calendar where week_no in (select week_no from calendar
                                                             where day in (date '2019-11-08', date '2020-11-13', date '2021-12-03')))
    group by article_code)
select s.article_code, s.taken, m.taken, round(s.taken / ((s.taken + m.taken) / 2) * 100, 1) as shop_share
from shops s join mails m on s.article_code = m.article_code
where s.taken between 0.1 * m.taken and 9 * m.taken
order by s.article_code, s.taken;

-- above_state: clients who returned more than 1.2 times what their state's do, by mail
with given_back as (
    select r.client_id, a.state, sum(r.amount) as amount
    from mail_return r join calendar d on d.day_id = r.day_id join client c on c.client_id = r.client_id
         join address a on a.address_id = c.address_id
    where d.year_no = 2020
    group by r.client_id, a.state)
select c.client_code, c.salutation, c.first_name, c.last_name, a.street, a.city, b.amount
from given_back b join client c on c.client_id = b.client_id join address a on a.address_id = c.address_id
where b.amount > (select avg(x.amount) * 1.2 from given_back x where x.state = b.state)
  and a.state = (select min(y.state) from given_back y where y.amount >= b.amount)
order by c.client_code, b.amount;

-- first_half: weekdays of one year over those of the next, of the same week, per shop
with weekly as (
    select week_no, shop_id, sum(case when day_of_week = 0 then price end) as sun, sum(case when day_of_week = 3 then price end) as wed,
           sum(case when day_of_week = 6 then price end) as sat
    from shop_sale join calendar using (day_id)
    group by week_no, shop_id)
select a.name, x.week_no, round(x.sun / y.sun, 1) as sun, round(x.wed / y.wed, 1) as wed, round(x.sat / nullif(y.sat, 0), 1) as sat
from (select w.* from weekly w where w.week_no in (select week_no from calendar where year_no = 2019 and month_of_year <= 6)) x
     join (select w.week_no - 52 as week_no, w.shop_id, w.sun, w.wed, w.sat from weekly w
           where exists (select 1 from calendar d where d.week_no = w.week_no and d.year_no = 2020)) y
          on y.week_no = x.week_no and y.shop_id = x.shop_id
     join shop a on a.shop_id = x.shop_id
order by a.name, x.week_no;

-- promo_share: what promotions by one way and in one month brought, of all
select with_promo, everything, round(with_promo / everything * 100, 1) as percent
from (select sum(s.total) as with_promo
      from shop_sale s join promo p on p.promo_id = s.promo_id join calendar d on d.day_id = s.day_id
      where (p.by_mail = 'Y' or p.by_net = 'Y' or p.by_radio = 'Y') and d.month_of_year = 11) a
     cross join
     (select sum(s.total) as everything from shop_sale s join calendar d on d.day_id = s.day_id where d.month_of_year = 11) b;

-- ladder: bands of income joined by a range of spending, three levels of totals with their shares of the whole
select b.band_id, h.buys, count(*) as clients, sum(p.spending) as spending,
       round(100.0 * sum(p.spending) / sum(sum(p.spending)) over (partition by grouping(b.band_id), grouping(h.buys)), 1) as share
from client c join persona p on p.persona_id = c.persona_id join household h on h.household_id = c.household_id
     join band b on p.spending * 20 between b.lower and b.upper
group by rollup (b.band_id, h.buys)
order by grouping(b.band_id), b.band_id, grouping(h.buys), h.buys;

-- median_and_mode: means of the middle half, by category
select category, count(*) as cnt, sum(quantity) as units,
       sum(case when part in (2, 3) then price else 0 end) as of_the_middle,
       max(case when part = 4 then price end) - min(case when part = 1 then price end) as width
from (select category, s.quantity, s.price, ntile(4) over (partition by category order by s.price, s.order_no, s.article_id) as part
      from net_sale s join article a on a.article_id = s.article_id
      where s.price is not null) cut
group by category
order by category;

-- last_of_each: each client's last ticket by a correlated maximum, what it held and who did not come since
select c.client_code, s.ticket, count(*) as lines, sum(s.total) as total
from client c join shop_sale s on s.client_id = c.client_id
where s.day_id = (select max(x.day_id) from shop_sale x where x.client_id = c.client_id)
  and not exists (select 1 from net_sale n where n.client_id = c.client_id and n.day_id > s.day_id)
  and not exists (select 1 from mail_sale m where m.client_id = c.client_id and m.day_id > s.day_id)
group by c.client_code, s.ticket
having sum(s.total) > (select avg(total) from shop_sale)
order by c.client_code, s.ticket;

-- channels_pivoted: a row a category and year, a column a channel, by FILTER, with totals by cube
select category, year_no, sum(total) filter (where channel = 1) as shop, sum(total) filter (where channel = 2) as mail,
       sum(total) filter (where channel = 3) as net, count(distinct client_id) filter (where channel <> 1) as far_clients,
       count(distinct client_id) as clients
from (select 1 as channel, day_id, article_id, client_id, total from shop_sale
      union all
      select 2, day_id, article_id, client_id, total from mail_sale
      union all
      select 3, day_id, article_id, ship_client_id, total from net_sale) sold
     join calendar using (day_id) join article using (article_id)
where category_id <= 4
group by cube (category, year_no)
order by category, year_no, shop;

-- orders_of_one: orders that came from one depot alone, counted as distinct, with sums of distinct lines
select count(distinct order_no) as orders, sum(freight) as freight, sum(profit) as profit, count(distinct depot_id) as depots,
       sum(distinct quantity) as kinds_of_quantity
from mail_sale s
where not exists (select 1 from mail_sale t where t.order_no = s.order_no and t.depot_id <> s.depot_id)
  and s.order_no not in (select order_no from mail_return where order_no is not null)
  and s.ship_day_id between (select min(day_id) from calendar where day >= date '2020-02-01')
                        and (select max(day_id) from calendar where day < date '2020-02-01' + interval '60 days');

-- seasons: the best month of each year and category, and by how much it beats the mean of the year
select category, year_no, month_of_year, taken, round(taken / mean, 2) as times
from (select category, year_no, month_of_year, sum(total) as taken,
             avg(sum(total)) over (partition by category, year_no) as mean,
             row_number() over (partition by category, year_no order by sum(total) desc, month_of_year) as place
      from mail_sale join calendar using (day_id) join article using (article_id)
      group by category, year_no, month_of_year) months
where place = 1 and taken > mean * 1.1
order by category, year_no;

-- hours_and_meals: busy hours of clients with children, by meals and without
select coalesce(t.meal, 'between') as meal, t.hour_no, count(*) as cnt, count(distinct s.ticket) as tickets,
       sum(count(*)) over (partition by t.meal order by t.hour_no) as so_far
from shop_sale s join clock t on t.minute_id = s.minute_id join household h on h.household_id = s.household_id
where h.dependents >= 3 and (h.vehicles <= h.dependents + 2 or h.vehicles is null)
group by t.meal, t.hour_no
order by t.meal nulls first, t.hour_no;

-- sized_baskets: tickets with between four and seven lines, of clients whose names are known, dearest first
select last_name, first_name, salutation, preferred, ticket, cnt
from (select s.ticket, s.client_id, count(*) as cnt
      from shop_sale s, calendar d, shop, household h
      where s.day_id = d.day_id and s.shop_id = shop.shop_id and s.household_id = h.household_id
        and (d.day_of_month between 1 and 3 or d.day_of_month between 25 and 28)
        and (h.buys = '>10000' or h.buys = 'Unknown') and h.vehicles > 0
        and case when h.vehicles > 0 then h.dependents * 1.0 / h.vehicles else null end > 1.2
      group by s.ticket, s.client_id) baskets, client c
where baskets.client_id = c.client_id and cnt between 4 and 7
order by last_name, first_name, salutation, preferred desc, ticket, cnt;

-- deepest: an outer row read two queries further in, from a HAVING and an ORDER BY
select a.maker_id, count(*) as articles,
       (select count(*) from shop_sale s where s.article_id in (select b.article_id from article b where b.maker_id = a.maker_id)) as lines
from article a
group by a.maker_id
having count(*) >= (select min(n) from (select count(*) as n from article x where x.class_id <= a.maker_id % 8 + 1 group by x.maker_id) counts)
order by (select max(list_price) from article y where y.maker_id = a.maker_id) desc, a.maker_id;
