-- Version 7: how records stand beyond runs. What rows of place, recorded and
-- record say is explained in DESIGN.md, Records.

-- Chunks before floor say nothing any more: the target was emptied since.
CREATE TABLE place (
  id         INTEGER PRIMARY KEY,
  entity     TEXT    NOT NULL,
  connection TEXT    NOT NULL,
  env        TEXT    NOT NULL,
  floor      INTEGER NOT NULL DEFAULT 0,
  UNIQUE (entity, connection, env)
);

-- What a chunk says about its records. written: how many rows of record it made,
-- -1 while it is only prepared, -2 when it was discarded. data: the states until
-- it is settled, then what undoes it, as zstd; none any more once the run is done. doubted: its unit has lost chunks at
-- the target, and it is not known yet which.
CREATE TABLE recorded (
  id      INTEGER PRIMARY KEY,
  run     INTEGER NOT NULL REFERENCES run (id),
  unit    TEXT    NOT NULL,
  n       INTEGER NOT NULL,
  place   INTEGER NOT NULL REFERENCES place (id),
  mapping BLOB    NOT NULL,
  anew    INTEGER NOT NULL,
  written INTEGER NOT NULL DEFAULT -1,
  doubted INTEGER NOT NULL DEFAULT FALSE,
  at      INTEGER NOT NULL,
  data    BLOB
);
CREATE INDEX recorded_chunk ON recorded (run, unit, n);

-- state is a number of records.outcomes, chunk the id in recorded.
CREATE TABLE record (
  place    INTEGER NOT NULL,
  key      TEXT    NOT NULL,
  state    INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  hash     INTEGER NOT NULL,
  kept     BLOB,
  chunk    INTEGER NOT NULL,
  PRIMARY KEY (place, key)
) WITHOUT ROWID;

-- Keys that records of a place had before, and what they became.
CREATE TABLE alias (
  place INTEGER NOT NULL,
  old   TEXT    NOT NULL,
  new   TEXT    NOT NULL,
  PRIMARY KEY (place, old, new)
) WITHOUT ROWID;
