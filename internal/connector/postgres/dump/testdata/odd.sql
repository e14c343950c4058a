-- Names and texts that look like what pg_restore writes.
create schema "a.b";
create schema "-";
create schema "Sales; Schema: x; Owner: y";
create table "a.b"."odd
; Type: TABLE; Schema: public; Owner: postgres"(a int primary key, "b""c" text not null default E'x\n\\y');
create table "a.b"."Twin"(i int);
create table "a.b".twin(i int);
create table "-"."-"(" " int generated always as identity, "
" text);
create table "Sales; Schema: x; Owner: y"."; Owner: z; Tablespace: pg_default"(i int);
create table "a.b"."123456789012345678901234567890123456789012345678901234567890123"(i int references "a.b"."odd
; Type: TABLE; Schema: public; Owner: postgres");
create table none();
comment on table "a.b".twin is E'two\n--\n-- TOC entry 5 (class 1 OID 2)\n-- Name: x; Type: TABLE; Schema: a; Owner: b\n--\n\ndrop table x;\n\n';
comment on column "a.b".twin.i is E'\nSET default_tablespace = ''x'';\n\n';
create function body() returns text language plpgsql as $$
begin
SET default_table_access_method = heap;

--
-- TOC entry 1 (class 1255 OID 1)
-- Dependencies: 3 4
-- Name: f(); Type: FUNCTION; Schema: public; Owner: postgres
--

return '

-- Completed on 2000-01-01

--
-- PostgreSQL database dump complete
--

\unrestrict x
';
end$$;
create unlogged table ul(i int unique deferrable initially deferred, j int generated always as (i * 2) stored);
create table p(i int, d date) partition by list (i);
create table p1 partition of p for values in (1) partition by range (d);
create table p1a partition of p1 for values from ('2020-01-01') to ('2021-01-01');
create table p1d partition of p1 default;
create table ph partition of p default partition by hash (d);
create table ph0 partition of ph for values with (modulus 2, remainder 0);
create table ph1 partition of ph for values with (modulus 2, remainder 1);
create unique index on p(i, d);
alter table p add primary key (i, d);
create table g(a int not null, b text) ;
create table f1(c int default 3) inherits (g);
create table f2() inherits (f1);
create table f3(d int) inherits (f2, ul);
alter table g add constraint positive check (a > 0) not valid;
alter table g add constraint small check (a < 1000);
create view v as select * from g;
create view cycle as select 1 as a;
create materialized view m1 as select count(*) as n from v;
create materialized view m2 as select n + 1 as n from m1;
create unique index on m2(n);
create type mood as enum ('sad', 'ok', 'it''s "fine"');
create type pair as (a int, b mood);
create domain even as int check (value % 2 = 0);
create type span as range (subtype = int);
create table typed of pair;
create sequence s owned by g.a;
create function tr() returns trigger language plpgsql as 'begin return new; end';
create trigger t before insert on g for each row execute function tr();
alter table g disable trigger t;
create trigger pt after insert on p for each row execute function tr();
create rule r as on delete to g do instead nothing;
create policy pol on g using (a > 1);
alter table g enable row level security;
create statistics st on a, b from g;
create aggregate total(int) (sfunc = int4pl, stype = int);
create operator public.=== (leftarg = int, rightarg = int, function = int4eq);
create cast (pair as integer) with inout;
create collation coll from "C";
create procedure proc() language sql begin atomic select 1; end;
create text search dictionary dict (template = simple);
create text search configuration conf (copy = pg_catalog.english);
create foreign data wrapper fdw;
create server srv foreign data wrapper fdw options (host 'h');
create foreign table ft(i int) server srv;
create publication pub for all tables;
create function ev() returns event_trigger language plpgsql as 'begin end';
create event trigger et on ddl_command_end execute function ev();
alter event trigger et disable;
comment on event trigger et is 'e';
create conversion conv for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create extension pg_trgm;
create index trgm on g using gin (b gin_trgm_ops);
create index gb on g(b);
alter table g cluster on gb;
alter table g replica identity full;
alter table p1a replica identity using index p1a_i_d_idx;
grant select (a), update on g to public;
grant usage on schema "a.b" to public;
alter default privileges in schema "a.b" grant select on tables to public;
revoke execute on function body() from public;
select lo_create(4711), lo_create(4712);
comment on large object 4711 is 'blob';
grant select on large object 4712 to public;
