-- SPDX-License-Identifier: Apache-2.0
-- Which suppliers of Europe offer a brass part of size 15 at the lowest price Europe has for it?
select s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment
from part
     join partsupp on ps_partkey = p_partkey
     join supplier on s_suppkey = ps_suppkey
     join nation on n_nationkey = s_nationkey
     join region on r_regionkey = n_regionkey
where p_size = 15
  and p_type like '%BRASS'
  and r_name = 'EUROPE'
  and ps_supplycost = (select min(other.ps_supplycost)
                       from partsupp other, supplier, nation, region
                       where other.ps_partkey = p_partkey
                         and s_suppkey = other.ps_suppkey
                         and s_nationkey = n_nationkey
                         and n_regionkey = r_regionkey
                         and r_name = 'EUROPE')
order by s_acctbal desc, n_name, s_name, p_partkey
limit 100;
