-- SPDX-License-Identifier: Apache-2.0
-- Who has more than the usual money and no order yet, by the country their telephone number tells?
select country, count(*) as customers, sum(c_acctbal) as money
from (select substring(c_phone from 1 for 2) as country, c_acctbal
      from customer
      where substring(c_phone from 1 for 2) in ('13', '31', '23', '29', '30', '18', '17')
        and c_acctbal > (select avg(c_acctbal)
                         from customer
                         where c_acctbal > 0
                           and substring(c_phone from 1 for 2) in ('13', '31', '23', '29', '30', '18', '17'))
        and not exists (select * from orders where o_custkey = c_custkey)) idle
group by country
order by country;
