-- Shapes: 1,000 columns, none at all, names that need care, long rows, documents.
CREATE SCHEMA wide;
DO $do$ BEGIN
  EXECUTE 'CREATE TABLE wide.thousand (' || (SELECT string_agg(format('c%s %s', n, (array['smallint', 'integer', 'boolean', 'text', 'real'])[1 + n % 5]), ', ' ORDER BY n) FROM generate_series(1, 1000) n) || ')';
  EXECUTE 'INSERT INTO wide.thousand SELECT ' || (SELECT string_agg(CASE n % 5 WHEN 0 THEN format('nullif((r * %s %% 32000), 0)::smallint', n) WHEN 1 THEN format('r + %s', n)
      WHEN 2 THEN format('(r + %s) %% 3 = 0', n) WHEN 3 THEN format('CASE WHEN r %% 4 > 0 THEN ''%s'' END', chr(97 + n % 26)) ELSE format('r / %s.0', n) END, ', ' ORDER BY n) FROM generate_series(1, 1000) n)
      || ' FROM generate_series(1, least(100, pg_temp.size(''parties''))) r';
END $do$;
CREATE TABLE wide.nothing ();
INSERT INTO wide.nothing SELECT FROM generate_series(1, 7);
CREATE TABLE wide.all_dropped (a int, b text);
INSERT INTO wide.all_dropped SELECT n, 'x' FROM generate_series(1, 5) n;
ALTER TABLE wide.all_dropped DROP COLUMN a, DROP COLUMN b;
CREATE TABLE wide.dropped (a int, b text, c text, d int);
INSERT INTO wide.dropped SELECT n, 'b' || n, 'c', n FROM generate_series(1, 25) n;
ALTER TABLE wide.dropped DROP COLUMN a, DROP COLUMN c;
ALTER TABLE wide.dropped ADD COLUMN e timestamptz NOT NULL DEFAULT '2024-05-05 05:05+00', ADD COLUMN a text;

-- JSON kept as text, as json and as jsonb; from a few bytes to megabytes
CREATE SCHEMA docs;
CREATE TABLE docs.document (id int PRIMARY KEY, kind text NOT NULL, body text, raw json, parsed jsonb);
INSERT INTO docs.document
SELECT n, (array['profile', 'order', 'log'])[1 + n % 3],
       CASE WHEN n % 20 > 0 THEN '{"id": ' || n || ', "title": "' || s.body || '", "items": [' || (SELECT string_agg('{"sku": "' || md5((n * 1000 + k)::text) || '", "text": "' || t.body || '", "price": ' || k || '.50, "none": null}', ', ' ORDER BY k)
          FROM generate_series(1, 1 + pg_temp.mix(n, 60)) k JOIN sentence t ON t.id = (n + k) % 500) || ']}' END,
       CASE WHEN n % 3 = 0 THEN ('{"b":' || n || ',"a":"' || s.body || '","b":"twice"}')::json END,
       CASE WHEN n % 2 = 0 THEN jsonb_build_object('id', n, 'text', s.body, 'deep', jsonb_build_object('list', (SELECT jsonb_agg(k * n) FROM generate_series(1, 20) k))) END
  FROM generate_series(1, pg_temp.size('documents')) n JOIN sentence s ON s.id = n % 500 ORDER BY n;
CREATE INDEX document_kind ON docs.document (kind, id);
CREATE TABLE docs.blob (id int PRIMARY KEY, body bytea, story text);
ALTER TABLE docs.blob ALTER body SET STORAGE EXTERNAL;
INSERT INTO docs.blob SELECT n, decode(repeat(md5(n::text), n * pg_temp.size('blob') / 32), 'hex'), repeat(s.body || E'\n', n * 40) FROM generate_series(1, 8) n JOIN sentence s ON s.id = n;
INSERT INTO docs.blob VALUES (0, '', ''), (-1, NULL, NULL);
