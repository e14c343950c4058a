-- Version 10: settings of systems that runs have changed, and must put back. See
-- DESIGN.md, Guards.

-- busy is the run that is reading or writing the settings just now, 0 for none.
-- closed: '' while open; restored, forgotten.
CREATE TABLE guard (
  id        INTEGER PRIMARY KEY,
  place     TEXT    NOT NULL,
  env       TEXT    NOT NULL,
  name      TEXT    NOT NULL,
  at        TEXT    NOT NULL,
  change    TEXT    NOT NULL,
  busy      INTEGER NOT NULL DEFAULT 0,
  since     INTEGER NOT NULL,
  closed    TEXT    NOT NULL DEFAULT '',
  closed_at INTEGER NOT NULL DEFAULT 0,
  actor     TEXT    NOT NULL DEFAULT '',
  reason    TEXT    NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX guard_open ON guard (place, env, name) WHERE closed = '';

-- original is what was read before the first change, wanted what it is set to,
-- changed what was read back, '' before. All are JSON.
CREATE TABLE guarded (
  guard    INTEGER NOT NULL REFERENCES guard (id),
  element  TEXT    NOT NULL,
  original TEXT    NOT NULL,
  wanted   TEXT    NOT NULL,
  changed  TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (guard, element)
) WITHOUT ROWID;

-- Rows of closed guards stay: they say who held them. at is what the run calls
-- the connection.
CREATE TABLE holder (
  guard INTEGER NOT NULL REFERENCES guard (id),
  run   INTEGER NOT NULL REFERENCES run (id),
  unit  TEXT    NOT NULL,
  at    TEXT    NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (guard, run, unit)
) WITHOUT ROWID;
CREATE INDEX holder_run ON holder (run) WHERE until = 0;
