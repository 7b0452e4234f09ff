-- SPDX-License-Identifier: Apache-2.0
-- Which parts make up a notable share of what Germany's suppliers have in stock?
select ps_partkey, sum(ps_supplycost * ps_availqty) as worth
from partsupp, supplier, nation
where ps_suppkey = s_suppkey
  and s_nationkey = n_nationkey
  and n_name = 'GERMANY'
group by ps_partkey
having sum(ps_supplycost * ps_availqty) > (select sum(ps_supplycost * ps_availqty) * 0.001
                                           from partsupp, supplier, nation
                                           where ps_suppkey = s_suppkey
                                             and s_nationkey = n_nationkey
                                             and n_name = 'GERMANY')
order by worth desc, ps_partkey;
