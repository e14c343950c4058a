-- The table that holds most of the bytes: events with JSON in a text column.
CREATE SCHEMA big;
CREATE TYPE big.outcome AS ENUM ('ok', 'late', 'failed');
CREATE TABLE big.event (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL,
  actor bigint NOT NULL,
  outcome big.outcome NOT NULL,
  amount numeric(12,4),
  tags text[],
  payload text);
INSERT INTO big.event (at, actor, outcome, amount, tags, payload)
SELECT timestamptz '2023-01-01 00:00+00' + n * interval '7 seconds', 1 + pg_temp.mix(n, pg_temp.size('parties')), (enum_range(NULL::big.outcome))[1 + n % 3],
       CASE WHEN n % 10 > 0 THEN n * 37 % 100000000 / 10000.0 END, CASE n % 3 WHEN 0 THEN array['web', 'n' || n % 11] WHEN 1 THEN '{}' END,
       CASE WHEN n % 50 > 0 THEN '{"session": "' || md5(n::text) || '", "seq": ' || n || ', "path": "/shop/' || n % 977 || '/item/' || n % 7919 || '", "text": "' || s.body || '", "ok": ' || CASE n % 2 WHEN 0 THEN 'true' ELSE 'false' END || '}' END
  FROM generate_series(1, pg_temp.size('events')) n JOIN sentence s ON s.id = n % 500;
ALTER TABLE big.event ADD PRIMARY KEY (id);
CREATE INDEX event_at ON big.event USING brin (at);
CREATE INDEX event_failed ON big.event (actor) WHERE outcome = 'failed';
ALTER TABLE big.event ADD CONSTRAINT by_party FOREIGN KEY (actor) REFERENCES sales.party;
COMMENT ON TABLE big.event IS 'about 60 % of all bytes';
