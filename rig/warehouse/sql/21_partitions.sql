-- Partitions of all kinds: range, list, hash, nested, default, by expression, by
-- two columns, in another schema, attached with another column order, none at all.
CREATE SCHEMA parts;
CREATE TABLE parts.measure (
  at timestamptz NOT NULL,
  sensor int NOT NULL,
  value double precision,
  unit text DEFAULT 'K',
  PRIMARY KEY (at, sensor)) PARTITION BY RANGE (at);
CREATE TABLE parts.measure_2023 PARTITION OF parts.measure FOR VALUES FROM ('2023-01-01 00:00+00') TO ('2024-01-01 00:00+00');
CREATE TABLE telemetry.measure_2024 PARTITION OF parts.measure (unit DEFAULT 'mK', CONSTRAINT sensor_known CHECK (sensor < 1000000)) FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
CREATE TABLE parts.measure_2025 (junk text, unit text DEFAULT 'K', value double precision, sensor int NOT NULL, at timestamptz NOT NULL);
ALTER TABLE parts.measure_2025 DROP COLUMN junk;
ALTER TABLE parts.measure ATTACH PARTITION parts.measure_2025 FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2026-01-01 00:00+00');
CREATE TABLE parts.measure_rest PARTITION OF parts.measure DEFAULT;
INSERT INTO parts.measure SELECT pg_temp.moment(n), n, n / 7.0 FROM generate_series(1, pg_temp.size('parties') * 20) n;
INSERT INTO parts.measure VALUES ('infinity', 1, 'NaN'), ('-infinity', 1, '-infinity'), ('0044-03-15 12:00+00 BC', 1, -0.0);
CREATE INDEX measure_sensor ON parts.measure (sensor);
CREATE INDEX only_2023 ON parts.measure_2023 (value) WHERE value > 10;

CREATE TABLE parts.account (id int NOT NULL, country text, name text NOT NULL, UNIQUE (id, country)) PARTITION BY LIST (country);
CREATE TABLE parts.account_north PARTITION OF parts.account FOR VALUES IN ('SE', 'NO', 'FI', 'DK');
CREATE TABLE parts.account_none PARTITION OF parts.account FOR VALUES IN (NULL, '');
CREATE TABLE parts.account_other PARTITION OF parts.account DEFAULT;
INSERT INTO parts.account SELECT n, (array['SE', 'NO', NULL, 'DE', '', 'FI', 'JP'])[1 + n % 7], 'account ' || n FROM generate_series(1, pg_temp.size('parties')) n;

CREATE TABLE parts.visit (id uuid NOT NULL PRIMARY KEY, page text) PARTITION BY HASH (id);
DO $do$ BEGIN
  FOR k IN 0..4 LOOP
    EXECUTE format('CREATE TABLE parts.visit_%s PARTITION OF parts.visit FOR VALUES WITH (MODULUS 5, REMAINDER %s)', k, k);
  END LOOP;
END $do$;
INSERT INTO parts.visit SELECT md5(n::text)::uuid, '/p/' || n % 50 FROM generate_series(1, pg_temp.size('parties') * 5) n;

-- nested: range, then list, then hash, with a default on each level that can have one
CREATE TABLE parts.stock (day date NOT NULL, site text NOT NULL, item int NOT NULL, pieces int NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE parts.stock_2024 PARTITION OF parts.stock FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (site);
CREATE TABLE parts.stock_2024_a PARTITION OF parts.stock_2024 FOR VALUES IN ('A');
CREATE TABLE parts.stock_2024_rest PARTITION OF parts.stock_2024 DEFAULT PARTITION BY HASH (item);
CREATE TABLE parts.stock_2024_rest_0 PARTITION OF parts.stock_2024_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts.stock_2024_rest_1 PARTITION OF parts.stock_2024_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE parts.stock_rest PARTITION OF parts.stock DEFAULT;
INSERT INTO parts.stock SELECT date '2023-07-01' + n % 700, chr(65 + n % 3), n, n * 3 % 101 FROM generate_series(1, pg_temp.size('parties') * 5) n;

CREATE TABLE parts.letter (name text NOT NULL, body text) PARTITION BY RANGE (lower(name));
CREATE TABLE parts.letter_a_m PARTITION OF parts.letter FOR VALUES FROM (MINVALUE) TO ('n');
CREATE TABLE parts.letter_n_z PARTITION OF parts.letter FOR VALUES FROM ('n') TO (MAXVALUE);
INSERT INTO parts.letter SELECT initcap(w.word) || w.id, s.body FROM word w JOIN sentence s ON s.id = w.id;

CREATE TABLE parts.grid (x int NOT NULL, y int NOT NULL, v int, PRIMARY KEY (x, y)) PARTITION BY RANGE (x, y);
CREATE TABLE parts.grid_low PARTITION OF parts.grid FOR VALUES FROM (MINVALUE, MINVALUE) TO (5, 5);
CREATE TABLE parts.grid_high PARTITION OF parts.grid FOR VALUES FROM (5, 5) TO (MAXVALUE, MAXVALUE);
INSERT INTO parts.grid SELECT x, y, x * y FROM generate_series(1, 10) x, generate_series(1, 10) y;

CREATE TABLE parts.empty (id int, at date) PARTITION BY RANGE (at);
-- keys to and from partitioned tables
CREATE TABLE parts.grid_note (x int, y int, note text, FOREIGN KEY (x, y) REFERENCES parts.grid);
INSERT INTO parts.grid_note VALUES (1, 1, 'corner'), (NULL, 2, 'half a key'), (10, 10, 'other corner');
CREATE TABLE parts.booking (id int, party_id bigint REFERENCES sales.party, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parts.booking_all PARTITION OF parts.booking FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO parts.booking SELECT n, 1 + n % pg_temp.size('parties'), date '2024-01-01' + n % 366 FROM generate_series(1, pg_temp.size('parties')) n;
