create schema registry;
create table registry.project (
  id text primary key,
  flow text not null,
  planboards text not null,
  host text not null,
  port int not null,
  database text not null,
  client text not null,
  wave int not null default 1,
  completed boolean not null default false
);
