-- The new model, empty but for its countries.
create schema store;

create table store.country (code varchar(2) primary key);
insert into store.country select unnest(string_to_array('AR AU AT BE BR CA CL CZ DK FI FR DE HU IN IE IT MX NL NO PL PT ES SE CH GB US VE', ' '));

create table store.customer (
  customer_id varchar(10) primary key,
  name varchar(80) not null,
  company varchar(60),
  email varchar(60) unique,
  country varchar(2) not null references store.country,
  city varchar(40),
  postcode varchar(10),
  phone varchar(24),
  source text not null check (source in ('chinook', 'northwind'))
);

create table store.person (
  person_id varchar(10) primary key,
  name varchar(60) not null,
  title varchar(40),
  born date,
  hired date not null,
  email varchar(60),
  country varchar(2) not null references store.country
);

create table store.product (
  product_id varchar(10) primary key,
  name varchar(200) not null,
  category text not null,
  unit_price numeric(10,2) not null,
  seconds int,
  active boolean not null
);

create table store.orders (
  order_id varchar(10) primary key,
  customer_id varchar(10) not null references store.customer,
  ordered date not null,
  shipped date,
  country varchar(2) not null references store.country,
  total numeric(12,2) not null
);

create table store.order_line (
  order_id varchar(10) references store.orders,
  line_no int,
  product_id varchar(10) not null references store.product,
  quantity int not null,
  unit_price numeric(10,2) not null,
  discount numeric(4,2) not null,
  primary key (order_id, line_no)
);

create table store.title (
  title_id varchar(10) primary key,
  kind text not null check (kind in ('film', 'series')),
  name varchar(200) not null,
  director text,
  cast_members text[],
  countries text[],
  genres text[] not null,
  added date,
  year smallint not null,
  rating varchar(10),
  minutes int,
  seasons int,
  description text,
  constraint title_has_seasons check (kind <> 'series' or seasons > 0)
);

create table store.purchase (
  po_number int primary key,
  reference text not null unique,
  requestor text not null,
  cost_centre varchar(5) not null,
  ordered date not null,
  ship_to text,
  zip varchar(10),
  phone varchar(20),
  instructions text
);

create table store.purchase_line (
  po_number int references store.purchase,
  line_no int,
  description varchar(100) not null,
  upc bigint,
  unit_price numeric(10,2) not null,
  quantity int not null,
  primary key (po_number, line_no)
);

create table store.quake (
  quake_id text primary key,
  at timestamptz not null,
  place text not null,
  magnitude numeric(4,2) not null,
  kind text,
  lon double precision not null,
  lat double precision not null,
  depth double precision not null,
  felt int not null,
  alert text,
  tsunami boolean not null,
  sources text[] not null
);
