create table p (a integer not null distkey, b varchar(20));
\copy p from './t.csv' delimiter '|'
select count(*), max(b) from p;
drop table p;
