-- Version 3: tables of values that a run looks up in, as they were when it was
-- planned: JSON of pairs, zstd. And what the records of a chunk said to a rule
-- over many records, zstd; it counts as long as the chunk is prepared or settled.
-- origin is the run whose records they are: in a redrive another one.

CREATE TABLE lookup (
  run     INTEGER NOT NULL REFERENCES run (id),
  sum     TEXT    NOT NULL,
  entries INTEGER NOT NULL,
  pairs   BLOB    NOT NULL,
  PRIMARY KEY (run, sum)
) WITHOUT ROWID;

CREATE TABLE said (
  run    INTEGER NOT NULL REFERENCES run (id),
  unit   TEXT    NOT NULL,
  n      INTEGER NOT NULL,
  rule   TEXT    NOT NULL,
  origin INTEGER NOT NULL REFERENCES run (id),
  step   TEXT    NOT NULL,
  data   BLOB    NOT NULL,
  PRIMARY KEY (run, unit, n, rule)
) WITHOUT ROWID;
CREATE INDEX said_origin ON said (origin, step, rule);
