create schema planboard;
create table planboard.slot (
  external_id text primary key,
  assignment_id int not null,
  day date not null,
  hours numeric(4,1) not null check (hours >= 0)
);
