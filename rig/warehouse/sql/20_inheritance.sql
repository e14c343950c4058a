-- Inheritance of depth 3: reordered and dropped columns, two parents, a child in
-- another schema, the same key in parent and child. 22 rows and a bulk part.
CREATE SCHEMA tree;
CREATE TABLE tree.asset (
  id bigint PRIMARY KEY,
  gone text,
  name text NOT NULL,
  bought date,
  price numeric(10,2) DEFAULT 0 CONSTRAINT price_is_no_debt CHECK (price >= 0),
  CONSTRAINT only_here CHECK (name <> 'child') NO INHERIT);
CREATE TABLE tree.vehicle (plate text UNIQUE, wheels int NOT NULL DEFAULT 4, PRIMARY KEY (id)) INHERITS (tree.asset);
CREATE TABLE tree.truck (
  load_kg int,
  wheels int NOT NULL DEFAULT 6,
  price numeric(10,2) DEFAULT 9 CONSTRAINT price_is_no_debt CHECK (price >= 0),
  plate text,
  gone text,
  junk int,
  bought date,
  name text NOT NULL,
  id bigint NOT NULL);
ALTER TABLE tree.truck DROP COLUMN junk;
ALTER TABLE tree.truck INHERIT tree.vehicle;
CREATE TABLE tree.labelled (label text, colour text DEFAULT 'grey');
CREATE TABLE tree.labelled_truck (id bigint PRIMARY KEY) INHERITS (tree.truck, tree.labelled);
CREATE TABLE fleet.van (seats smallint) INHERITS (tree.vehicle);
ALTER TABLE tree.asset DROP COLUMN gone;

INSERT INTO tree.asset (id, name, bought, price) SELECT n, 'asset ' || n, date '2020-01-01' + n, n FROM generate_series(1, 8) n;
INSERT INTO tree.vehicle (id, name, plate) SELECT n, 'vehicle ' || n, 'V-' || n FROM generate_series(1, 5) n;
INSERT INTO tree.truck (id, name, plate, load_kg) SELECT n, 'truck ' || n, 'T-' || n, n * 1000 FROM generate_series(1, 4) n;
INSERT INTO tree.labelled_truck (id, name, label) SELECT n, 'labelled ' || n, E'label\twith tab ' || n FROM generate_series(1, 3) n;
INSERT INTO tree.labelled (label) VALUES (NULL), ('alone');
INSERT INTO fleet.van (id, name, seats) SELECT n, 'van ' || n, n FROM generate_series(100, 100 + pg_temp.size('parties')) n;

-- A wide fork: one parent, twelve children, each column order turned by one.
CREATE TABLE tree.reading (a int, b text, c timestamptz, d boolean, e numeric);
DO $do$
DECLARE
  columns text[] := array['a int', 'b text', 'c timestamptz', 'd boolean', 'e numeric'];
BEGIN
  FOR k IN 1..12 LOOP
    EXECUTE format('CREATE TABLE tree.reading_%s (extra_%s int, %s)', k, k,
      (SELECT string_agg(columns[1 + (o + k) % 5], ', ' ORDER BY o) FROM generate_series(0, 4) o));
    EXECUTE format('ALTER TABLE tree.reading_%s INHERIT tree.reading', k);
    EXECUTE format('INSERT INTO tree.reading_%1$s (a, b, c, d, e, extra_%1$s) SELECT n, %2$L || n, pg_temp.moment(n), n %% 2 = 0, n / 3.0, n FROM generate_series(1, %3$s) n',
      k, 'reading ' || k || '/', pg_temp.size('parties'));
  END LOOP;
END
$do$;
