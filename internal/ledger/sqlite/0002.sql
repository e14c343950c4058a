-- Version 2: loads chunk by chunk, and what could not be loaded. The exceptions
-- and issues of a chunk have the ids of its two ranges (from > to = none); ids
-- are never given twice. What lies in the range of a prepared chunk does not
-- count and is shown to nobody, so that settling a chunk changes one row.

-- figures is the account as JSON. A dropped chunk keeps its account's number
-- for whoever takes its place.
CREATE TABLE chunk (
  run            INTEGER NOT NULL REFERENCES run (id),
  unit           TEXT    NOT NULL,
  n              INTEGER NOT NULL,
  state          TEXT    NOT NULL, -- prepared, settled, dropped
  step           TEXT    NOT NULL,
  entity         TEXT    NOT NULL,
  account        INTEGER NOT NULL,
  position       BLOB,
  figures        TEXT    NOT NULL,
  exception_from INTEGER NOT NULL,
  exception_to   INTEGER NOT NULL,
  issue_from     INTEGER NOT NULL,
  issue_to       INTEGER NOT NULL,
  at             INTEGER NOT NULL,
  PRIMARY KEY (run, unit, n)
) WITHOUT ROWID;
CREATE UNIQUE INDEX chunk_account ON chunk (run, step, entity, account);
CREATE INDEX chunk_prepared ON chunk (exception_from, exception_to, issue_from, issue_to) WHERE state = 'prepared';
CREATE INDEX chunk_exceptions ON chunk (exception_to);
CREATE INDEX chunk_issues ON chunk (issue_to);

-- field and value are what the exception is about, out of refusal or the first
-- issue. closed: '' while open; by which run and when. claimed: the redrive
-- that has it in hand.
CREATE TABLE exception (
  id        INTEGER PRIMARY KEY,
  run       INTEGER NOT NULL REFERENCES run (id),
  step      TEXT    NOT NULL,
  entity    TEXT    NOT NULL,
  key       TEXT    NOT NULL,
  unit      TEXT    NOT NULL,
  chunk     INTEGER NOT NULL,
  outcome   TEXT    NOT NULL,
  cause     TEXT    NOT NULL,
  code      TEXT    NOT NULL,
  text      TEXT    NOT NULL,
  field     TEXT    NOT NULL,
  value     TEXT    NOT NULL,
  fields    TEXT    NOT NULL,
  refusal   TEXT    NOT NULL,
  attempts  INTEGER NOT NULL,
  mapping   TEXT    NOT NULL,
  first     INTEGER NOT NULL,
  last      INTEGER NOT NULL,
  closed    TEXT    NOT NULL DEFAULT '',
  closed_by INTEGER NOT NULL DEFAULT 0,
  closed_at INTEGER NOT NULL DEFAULT 0,
  claimed   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX exception_run ON exception (run);
CREATE INDEX exception_cause ON exception (run, cause) WHERE closed = '';
CREATE INDEX exception_entity ON exception (run, entity) WHERE closed = '';
CREATE INDEX exception_key ON exception (key, entity) WHERE key <> '';

-- exception 0: the record was loaded, the issue is a warning.
CREATE TABLE issue (
  id        INTEGER PRIMARY KEY,
  run       INTEGER NOT NULL REFERENCES run (id),
  exception INTEGER NOT NULL,
  step      TEXT    NOT NULL,
  entity    TEXT    NOT NULL,
  key       TEXT    NOT NULL,
  rule      TEXT    NOT NULL,
  field     TEXT    NOT NULL,
  severity  TEXT    NOT NULL,
  text      TEXT    NOT NULL,
  value     TEXT    NOT NULL,
  hint      TEXT    NOT NULL,
  owner     TEXT    NOT NULL,
  state     TEXT    NOT NULL DEFAULT 'new', -- new, still, closed
  first     INTEGER NOT NULL,
  last      INTEGER NOT NULL,
  closed_by INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX issue_exception ON issue (exception) WHERE exception <> 0;
CREATE INDEX issue_rule ON issue (run, rule, field);
CREATE INDEX issue_key ON issue (key, entity) WHERE key <> '';

-- The record as it was read and what the target was given, zstd (RFC 8878).
CREATE TABLE payload (
  exception INTEGER PRIMARY KEY,
  source    BLOB,
  sent      BLOB
);

-- An exception that a chunk of another run processed again; said is the new
-- reason as JSON of record.Exception. It takes effect when the chunk settles.
CREATE TABLE attempt (
  id        INTEGER PRIMARY KEY,
  exception INTEGER NOT NULL,
  run       INTEGER NOT NULL REFERENCES run (id),
  unit      TEXT    NOT NULL,
  n         INTEGER NOT NULL,
  outcome   TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  said      TEXT    NOT NULL,
  sent      BLOB,
  UNIQUE (run, unit, n, exception)
);
CREATE INDEX attempt_exception ON attempt (exception);
