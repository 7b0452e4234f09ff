-- SPDX-License-Identifier: Apache-2.0
-- How many customers have how many orders, special requests left out, none at all included?
select order_count, count(*) as customer_count
from (select c_custkey, count(o_orderkey)
      from customer left outer join orders on c_custkey = o_custkey and o_comment not like '%special%requests%'
      group by c_custkey) counted (custkey, order_count)
group by order_count
order by customer_count desc, order_count desc;
