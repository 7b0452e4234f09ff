-- SPDX-License-Identifier: Apache-2.0
-- Which supplier earned most in one quarter?
with earned as (
    select l_suppkey as suppkey, sum(l_extendedprice * (1 - l_discount)) as revenue
    from lineitem
    where l_shipdate >= date '1996-01-01'
      and l_shipdate < date '1996-01-01' + interval '3 months'
    group by l_suppkey)
select s_suppkey, s_name, s_address, s_phone, revenue
from supplier join earned on suppkey = s_suppkey
where revenue = (select max(revenue) from earned)
order by s_suppkey;
