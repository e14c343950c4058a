-- Version 13: who makes calls for the records of a place, so that two that are given
-- the same records do not make them twice. A claimant is a unit at work; family are
-- those that share no record. A row of sent belongs to a claimant, as long as that is
-- there; one without a call says that its record is about to be given its calls.
-- joined counts how often the claimants of a place have become another family.
CREATE TABLE claimant (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  place  INTEGER NOT NULL,
  run    INTEGER NOT NULL,
  token  INTEGER NOT NULL,
  unit   TEXT    NOT NULL,
  family TEXT    NOT NULL,
  since  INTEGER NOT NULL,
  UNIQUE (place, run, unit)
);
ALTER TABLE place ADD COLUMN family TEXT NOT NULL DEFAULT '';
ALTER TABLE place ADD COLUMN joined INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sent ADD COLUMN claimant INTEGER NOT NULL DEFAULT 0;
