-- SPDX-License-Identifier: Apache-2.0
-- A retailer with three ways of selling (shops, mail, net): 7 tables of facts around 17 of what they speak of.
-- Facts meet on the article, or stand where their order is; keys of facts may be null, as sources leave them out.
create table calendar (
    day_id integer not null, day date not null, week_no integer not null, month_no integer not null, quarter_no integer not null,
    year_no smallint not null, month_of_year smallint not null, day_of_month smallint not null, day_of_week smallint not null,
    quarter_name char(6) not null, day_name varchar(9) not null, holiday char(1) not null, weekend char(1) not null
) diststyle all sortkey (day_id);

create table clock (
    minute_id integer not null, hour_no smallint not null, minute_no smallint not null, half_day char(2) not null, shift varchar(10),
    meal varchar(10)
) diststyle all;

create table article (
    article_id integer not null, article_code char(12) not null, valid_from date, valid_to date, title varchar(60),
    list_price decimal(7,2), buy_price decimal(7,2), brand_id integer, brand varchar(30), class_id integer, class varchar(20),
    category_id integer, category varchar(20), maker_id integer, maker varchar(20), size varchar(10), color varchar(12),
    unit varchar(8), manager_id integer
) distkey (article_id) sortkey (article_id);

create table client (
    client_id integer not null, client_code char(12) not null, persona_id integer, household_id integer, address_id integer,
    first_sale_day_id integer, salutation varchar(5), first_name varchar(15), last_name varchar(20), preferred char(1),
    birth_day smallint, birth_month smallint, birth_year smallint, birth_country varchar(20), email varchar(50)
) distkey (client_id);

create table address (
    address_id integer not null, street varchar(30), house_no varchar(6), city varchar(20), county varchar(20), state char(2),
    zip char(5), country varchar(15), time_offset decimal(3,1), kind varchar(16)
) diststyle even;

create table persona (
    persona_id integer not null, gender char(1), marital char(1), schooling varchar(16), spending integer, credit varchar(10),
    dependents smallint
) diststyle all;

create table household (
    household_id integer not null, band_id integer, buys varchar(10), dependents smallint, vehicles smallint
) diststyle all;

create table band (
    band_id integer not null, lower integer, upper integer
) diststyle all;

create table shop (
    shop_id integer not null, shop_code char(12) not null, closed_day_id integer, name varchar(20), staff integer, floor_space integer,
    hours varchar(10), manager varchar(20), market_id integer, city varchar(20), county varchar(20), state char(2), zip char(5),
    tax_rate decimal(5,2)
) diststyle all;

create table hub (
    hub_id integer not null, name varchar(20), size varchar(8), staff integer, manager varchar(20), county varchar(20),
    opened_day_id integer
) diststyle all;

create table brochure (
    brochure_id integer not null, from_day_id integer, to_day_id integer, issue smallint, page_no smallint, kind varchar(10)
) diststyle all;

create table site (
    site_id integer not null, name varchar(12), manager varchar(20), company varchar(20), tax_rate decimal(5,2)
) diststyle all;

create table page (
    page_id integer not null, made_day_id integer, generated char(1), letters integer, links integer, kind varchar(16)
) diststyle all;

create table depot (
    depot_id integer not null, name varchar(20), floor_space integer, city varchar(20), state char(2)
) diststyle all;

create table carrier (
    carrier_id integer not null, kind varchar(12), code varchar(8), company varchar(12)
) diststyle all;

create table motive (
    motive_id integer not null, words varchar(40)
) diststyle all;

create table promo (
    promo_id integer not null, from_day_id integer, to_day_id integer, article_id integer, cost decimal(9,2), name varchar(12),
    by_mail char(1), by_net char(1), by_radio char(1), purpose varchar(12)
) diststyle all;

create table shop_sale (
    day_id integer, minute_id integer, article_id integer not null, client_id integer, persona_id integer, household_id integer,
    address_id integer, shop_id integer, promo_id integer, ticket bigint not null, quantity integer, buy_price decimal(7,2),
    list_price decimal(7,2), price decimal(7,2), list_total decimal(9,2), total decimal(9,2), coupon decimal(9,2), tax decimal(9,2),
    paid decimal(9,2), profit decimal(9,2)
) distkey (article_id) sortkey (day_id);

create table shop_return (
    day_id integer, article_id integer not null, client_id integer, shop_id integer, motive_id integer, ticket bigint not null,
    quantity integer, amount decimal(9,2), fee decimal(7,2), loss decimal(9,2)
) distkey (article_id) sortkey (day_id);

create table mail_sale (
    day_id integer, minute_id integer, ship_day_id integer, client_id integer, ship_client_id integer, ship_address_id integer,
    persona_id integer, hub_id integer, brochure_id integer, carrier_id integer, depot_id integer, article_id integer not null,
    promo_id integer, order_no bigint not null, quantity integer, buy_price decimal(7,2), list_price decimal(7,2),
    price decimal(7,2), list_total decimal(9,2), total decimal(9,2), coupon decimal(9,2), freight decimal(9,2), paid decimal(9,2),
    profit decimal(9,2)
) distkey (article_id) sortkey (day_id);

create table mail_return (
    day_id integer, article_id integer not null, client_id integer, hub_id integer, depot_id integer, motive_id integer,
    order_no bigint not null, quantity integer, amount decimal(9,2), fee decimal(7,2), loss decimal(9,2)
) distkey (order_no);

create table net_sale (
    day_id integer, minute_id integer, ship_day_id integer, article_id integer not null, client_id integer, ship_client_id integer,
    ship_address_id integer, household_id integer, page_id integer, site_id integer, carrier_id integer, depot_id integer,
    promo_id integer, order_no bigint not null, quantity integer, buy_price decimal(7,2), list_price decimal(7,2), price decimal(7,2),
    list_total decimal(9,2), total decimal(9,2), coupon decimal(9,2), freight decimal(9,2), paid decimal(9,2), profit decimal(9,2)
) distkey (client_id) sortkey (day_id, article_id);

create table net_return (
    day_id integer, article_id integer not null, client_id integer, page_id integer, motive_id integer, order_no bigint not null,
    quantity integer, amount decimal(9,2), fee decimal(7,2), loss decimal(9,2)
) diststyle even sortkey (order_no);

create table stock (
    day_id integer not null, article_id integer not null, depot_id integer not null, on_hand integer
) distkey (article_id) sortkey (day_id);
