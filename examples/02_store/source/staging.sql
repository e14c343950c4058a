-- Documents wait in tables of the old database, as they were delivered.
create schema staging;
create table staging.purchase_order (id int primary key, doc jsonb not null);
create table staging.quake (id int primary key, doc jsonb not null);
