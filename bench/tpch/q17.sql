-- SPDX-License-Identifier: Apache-2.0
-- What would a year lose without the small orders of one kind of part: less than a fifth of the part's mean?
select sum(l_extendedprice) / 7.0 as yearly
from lineitem join part on p_partkey = l_partkey
where p_brand = 'Brand#23'
  and p_container = 'MED BOX'
  and l_quantity < (select 0.2 * avg(others.l_quantity) from lineitem others where others.l_partkey = p_partkey);
