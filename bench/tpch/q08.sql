-- SPDX-License-Identifier: Apache-2.0
-- What share of America's market in one type of part did Brazil's suppliers have, in each of two years?
select order_year,
       sum(case when nation = 'BRAZIL' then volume else 0 end) / sum(volume) as market_share
from (select extract(year from o_orderdate) as order_year,
             l_extendedprice * (1 - l_discount) as volume,
             seller.n_name as nation
      from part, supplier, lineitem, orders, customer, nation buyer, nation seller, region
      where p_partkey = l_partkey
        and s_suppkey = l_suppkey
        and l_orderkey = o_orderkey
        and o_custkey = c_custkey
        and c_nationkey = buyer.n_nationkey
        and buyer.n_regionkey = r_regionkey
        and r_name = 'AMERICA'
        and s_nationkey = seller.n_nationkey
        and o_orderdate between date '1995-01-01' and date '1996-12-31'
        and p_type = 'ECONOMY ANODIZED STEEL') sales
group by order_year
order by order_year;
