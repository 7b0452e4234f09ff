-- SPDX-License-Identifier: Apache-2.0
-- What did each nation's suppliers earn with green parts, year by year?
select nation, order_year, sum(amount) as profit
from (select n_name as nation,
             extract(year from o_orderdate) as order_year,
             l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity as amount
      from lineitem
           join part on p_partkey = l_partkey
           join supplier on s_suppkey = l_suppkey
           join partsupp on ps_partkey = l_partkey and ps_suppkey = l_suppkey
           join orders on o_orderkey = l_orderkey
           join nation on n_nationkey = s_nationkey
      where p_name like '%green%') earned
group by nation, order_year
order by nation, order_year desc;
