-- Version 3: tables of values that a run looks up in, as they were when it was
-- planned: JSON of pairs, zstd. What the records of a load have in the fields
-- that its rules over many records compare: see package seen.

CREATE TABLE lookup (
  run     INTEGER NOT NULL REFERENCES run (id),
  sum     TEXT    NOT NULL,
  entries INTEGER NOT NULL,
  pairs   BLOB    NOT NULL,
  PRIMARY KEY (run, sum)
) WITHOUT ROWID;

CREATE TABLE seen (
  run  INTEGER NOT NULL REFERENCES run (id),
  unit TEXT    NOT NULL,
  n    INTEGER NOT NULL,
  rule TEXT    NOT NULL,
  data BLOB    NOT NULL,
  PRIMARY KEY (run, unit, n, rule)
) WITHOUT ROWID;
