-- Keys, constraints and indexes of every sort, and what has none.
CREATE SCHEMA keys;
-- no key, duplicates, all-NULL rows
CREATE TABLE keys.hit (page text, n int, f double precision);
INSERT INTO keys.hit SELECT '/p' || n % 10, n % 3, CASE WHEN n % 4 > 0 THEN n % 5 END FROM generate_series(1, pg_temp.size('parties') * 3) n;
INSERT INTO keys.hit SELECT NULL, NULL, NULL FROM generate_series(1, 5);
CREATE TABLE keys.one_null (a int UNIQUE NULLS NOT DISTINCT, b int, UNIQUE NULLS NOT DISTINCT (a, b));
INSERT INTO keys.one_null VALUES (NULL, NULL), (1, NULL), (2, 2);
CREATE TABLE keys.many_nulls (a int UNIQUE, b int);
INSERT INTO keys.many_nulls VALUES (NULL, 1), (NULL, 1), (NULL, NULL), (1, 1);

CREATE TABLE keys.room_use (room int4range, during tstzrange, who text,
  CONSTRAINT one_at_a_time EXCLUDE USING gist (room WITH &&, during WITH &&) WHERE (who <> 'cleaner'));
INSERT INTO keys.room_use SELECT int4range(n, n + 1), tstzrange(timestamptz '2024-01-01 00:00+00', timestamptz '2024-01-01 10:00+00'), 'team ' || n FROM generate_series(1, 40) n;

-- rows that break constraints nobody validated
CREATE TABLE keys.old_rule (id int PRIMARY KEY, amount int, party_id bigint);
INSERT INTO keys.old_rule SELECT n, n - 5, CASE WHEN n % 3 = 0 THEN 99000000 + n ELSE n END FROM generate_series(1, 15) n;
ALTER TABLE keys.old_rule ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID;
ALTER TABLE keys.old_rule ADD CONSTRAINT known_party FOREIGN KEY (party_id) REFERENCES sales.party NOT VALID;

-- a circle of two, a self reference, keys over several columns, to a unique constraint, to nothing
CREATE TABLE keys.team (id int PRIMARY KEY, lead int);
CREATE TABLE keys.member (id int PRIMARY KEY, team_id int NOT NULL REFERENCES keys.team, boss int REFERENCES keys.member, region text, nr int,
  UNIQUE (region, nr) DEFERRABLE INITIALLY DEFERRED, UNIQUE (id, team_id));
ALTER TABLE keys.team ADD CONSTRAINT lead_is_member FOREIGN KEY (lead, id) REFERENCES keys.member (id, team_id) DEFERRABLE INITIALLY DEFERRED;
INSERT INTO keys.team SELECT n, n * 10 FROM generate_series(1, 5) n;
INSERT INTO keys.member SELECT n, (n + 9) / 10, CASE WHEN n > 1 THEN n - 1 END, 'r' || n % 4, n FROM generate_series(1, 50) n;
CREATE TABLE keys.badge (code text PRIMARY KEY, member_id int, team_id int,
  FOREIGN KEY (member_id, team_id) REFERENCES keys.member (id, team_id) MATCH FULL ON DELETE SET NULL ON UPDATE CASCADE);
INSERT INTO keys.badge VALUES ('b1', 1, 1), ('b2', 11, 2), ('none', NULL, NULL);
CREATE TABLE keys.part_null (a int, b int, FOREIGN KEY (a, b) REFERENCES keys.member (id, team_id) ON DELETE SET NULL (b));
INSERT INTO keys.part_null VALUES (1, 1), (1, NULL), (NULL, 77);

-- indexes by method, expression, predicate, order, class, collation, storage
CREATE TABLE keys.indexed (id uuid PRIMARY KEY, name text, body text, tags text[], doc jsonb, at timestamptz, ip inet, spot point, words tsvector)
  WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
INSERT INTO keys.indexed
SELECT md5('i' || n)::uuid, w.word || n, s.body, array[w.word, 't' || n % 9], jsonb_build_object('n', n, 'w', w.word), pg_temp.moment(n),
       ('10.0.' || n / 250 % 250 || '.' || n % 250)::inet, point(n % 100, n / 100), to_tsvector('simple', s.body)
  FROM generate_series(1, pg_temp.size('parties') * 2) n JOIN word w ON w.id = n % 60 JOIN sentence s ON s.id = n % 500 ORDER BY n;
CREATE INDEX ON keys.indexed USING hash (name);
CREATE INDEX ON keys.indexed USING gin (tags);
CREATE INDEX ON keys.indexed USING gin (doc jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX ON keys.indexed USING gin (words);
CREATE INDEX ON keys.indexed USING gist (spot);
CREATE INDEX ON keys.indexed USING spgist (ip);
CREATE INDEX ON keys.indexed USING brin (at) WITH (pages_per_range = 4);
CREATE INDEX "by name, reversed" ON keys.indexed (reverse(name) COLLATE "C" text_pattern_ops DESC NULLS LAST, (length(body) % 7)) INCLUDE (at) WHERE name IS NOT NULL AND at > '2023-06-01 00:00+00';
CREATE UNIQUE INDEX indexed_lower ON keys.indexed ((lower(name) || id));
ALTER INDEX keys."by name, reversed" ALTER COLUMN 2 SET STATISTICS 500;
ALTER TABLE keys.indexed CLUSTER ON indexed_lower;
ALTER TABLE keys.indexed ALTER body SET STORAGE EXTERNAL, ALTER name SET STATISTICS 1000, ALTER name SET (n_distinct = -1);
CREATE STATISTICS keys.name_and_time (ndistinct, dependencies, mcv) ON name, at FROM keys.indexed;
CREATE STATISTICS keys.of_expressions ON (lower(name)), (length(body)) FROM keys.indexed;

-- identities for replication
CREATE TABLE keys.identity_full (a int, b text);
ALTER TABLE keys.identity_full REPLICA IDENTITY FULL;
INSERT INTO keys.identity_full SELECT n % 7, 'x' FROM generate_series(1, 30) n;
CREATE TABLE keys.identity_index (a int NOT NULL, b text NOT NULL);
CREATE UNIQUE INDEX chosen ON keys.identity_index (b, a);
ALTER TABLE keys.identity_index REPLICA IDENTITY USING INDEX chosen;
INSERT INTO keys.identity_index SELECT n, 'y' || n FROM generate_series(1, 30) n;
CREATE TABLE keys.identity_nothing (a int PRIMARY KEY);
ALTER TABLE keys.identity_nothing REPLICA IDENTITY NOTHING;
INSERT INTO keys.identity_nothing SELECT generate_series(1, 30);

-- a table with rows deleted, updated, and an empty one
CREATE TABLE keys.worn (id int PRIMARY KEY, v text) WITH (autovacuum_enabled = off);
INSERT INTO keys.worn SELECT n, repeat('x', 100) FROM generate_series(1, 3000) n;
DELETE FROM keys.worn WHERE id % 3 > 0;
UPDATE keys.worn SET v = v || id WHERE id % 6 = 0;
CREATE TABLE keys.empty (id int PRIMARY KEY, v text);
