-- Version 4: incremental reads. seen is what a chunk says about how far it has
-- read; it is the pipeline's alone.
ALTER TABLE chunk ADD COLUMN seen BLOB;

-- How far a step has read of a source for a target: the highest value of the
-- column that it goes by. meaning is JSON, hashes of what it was read and
-- written by.
CREATE TABLE watermark (
  flow    TEXT    NOT NULL,
  step    TEXT    NOT NULL,
  source  TEXT    NOT NULL,
  target  TEXT    NOT NULL,
  meaning TEXT    NOT NULL,
  high    TEXT    NOT NULL,
  run     INTEGER NOT NULL REFERENCES run (id),
  at      INTEGER NOT NULL,
  PRIMARY KEY (flow, step, source, target)
) WITHOUT ROWID;
