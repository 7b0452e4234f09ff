-- SPDX-License-Identifier: Apache-2.0
-- What did France and Germany ship to each other, in each of two years?
select seller, buyer, ship_year, sum(volume) as revenue
from (select home.n_name as seller,
             abroad.n_name as buyer,
             extract(year from l_shipdate) as ship_year,
             l_extendedprice * (1 - l_discount) as volume
      from lineitem
           join supplier on s_suppkey = l_suppkey
           join orders on o_orderkey = l_orderkey
           join customer on c_custkey = o_custkey
           join nation home on home.n_nationkey = s_nationkey
           join nation abroad on abroad.n_nationkey = c_nationkey
      where (home.n_name = 'FRANCE' and abroad.n_name = 'GERMANY'
             or home.n_name = 'GERMANY' and abroad.n_name = 'FRANCE')
        and l_shipdate between date '1995-01-01' and date '1996-12-31') shipping
group by seller, buyer, ship_year
order by seller, buyer, ship_year;
