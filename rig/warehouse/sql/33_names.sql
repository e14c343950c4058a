-- Names that need care, as schemas, tables, columns, constraints and indexes.
DO $do$
DECLARE
  s text;
  t text;
  schemas text[] := array['Sales "EU" v2.0', 'Twin', 'twin', E'two\nlines', 'select', ' spaces ', 'größe 数据 😀', repeat('s', 63)];
  tables text[] := array['plain', 'Plain', 'PLAIN', 'with "quotes"', '"', 'dot.ted', 'a.b.c', E'new\nline', E'tab\there', E'back\\slash', ' leading', 'trailing ',
    'it''s', 'per%cent', '$dollar$', '$1', 'select', 'table', 'user', 'primary', '*', '?', '--', '/* no comment */', ';drop', '1st', '-', '{brace}', '[bracket]',
    '(paren)', 'comma,', 'таблица', '表', '😀', repeat('x', 63), repeat('é', 31) || 'x', E'\u200b'];
BEGIN
  FOREACH s IN ARRAY schemas LOOP
    EXECUTE format('CREATE SCHEMA %I', s);
    EXECUTE format('CREATE TABLE %I.%I (id int PRIMARY KEY, %I text)', s, s, s);
    EXECUTE format('INSERT INTO %I.%I SELECT n, %L FROM generate_series(1, 3) n', s, s, s);
  END LOOP;
  s := 'Sales "EU" v2.0';
  FOREACH t IN ARRAY tables LOOP
    EXECUTE format('CREATE TABLE %1$I.%2$I (id int, %2$I text, "ID" int NOT NULL DEFAULT 1, CONSTRAINT %3$I PRIMARY KEY (id, "ID"), CONSTRAINT %4$I CHECK (%2$I <> ''''))',
      s, t, left('k ' || t, 20), left('c ' || t, 20));
    EXECUTE format('CREATE INDEX %I ON %I.%I (%I)', left('i ' || t, 20), s, t, t);
    EXECUTE format('INSERT INTO %I.%I SELECT n, %L || n, n FROM generate_series(1, 5) n', s, t, t);
    EXECUTE format('COMMENT ON COLUMN %1$I.%2$I.%2$I IS %3$L', s, t, E'comment on ' || t || E'\nsecond line \\ end');
  END LOOP;
END
$do$;
CREATE TABLE "Twin".twin ("Col" int, col int, "COL" int, "c.o.l" int, "c""o""l" int, "order" int REFERENCES "Twin"."Twin" (id), "group" text);
INSERT INTO "Twin".twin SELECT n, n + 1, n + 2, n + 3, n + 4, 1 + n % 3, 'g' FROM generate_series(1, 9) n;
CREATE TYPE "Twin"."Odd ""type""" AS ENUM ('a"b', 'c,d', 'e.f', ' ');
CREATE TABLE twin."Twin" ("Odd ""type""" "Twin"."Odd ""type""", "many" "Twin"."Odd ""type"""[]);
INSERT INTO twin."Twin" VALUES ('a"b', '{"a\"b","c,d",NULL}'), (NULL, '{" "}');
CREATE SEQUENCE "Sales ""EU"" v2.0"."seq.with ""dots""" START 17;
SELECT nextval('"Sales ""EU"" v2.0"."seq.with ""dots"""');
CREATE TABLE public."2019" (month int PRIMARY KEY, "value, EUR" numeric);
INSERT INTO public."2019" SELECT n, n * 1.1 FROM generate_series(1, 12) n;
