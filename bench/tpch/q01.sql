-- SPDX-License-Identifier: Apache-2.0
-- How much was sold, by return flag and line status, of what shipped up to 90 days before the end?
select l_returnflag,
       l_linestatus,
       sum(l_quantity) as quantity,
       sum(l_extendedprice) as price,
       sum(l_extendedprice * (1 - l_discount)) as discounted,
       sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) as charged,
       avg(l_quantity) as mean_quantity,
       avg(l_extendedprice) as mean_price,
       avg(l_discount) as mean_discount,
       count(*) as line_count
from lineitem
where l_shipdate <= date '1998-12-01' - interval '90 days'
group by l_returnflag, l_linestatus
order by l_returnflag, l_linestatus;
