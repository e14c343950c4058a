-- Version 15: what claimants that are alone at their place note of requests, in order:
-- one row for all that is noted at once, data see records/noted.go. It is moved into
-- sent as soon as its claimant is none any more, or others come to the place.
CREATE TABLE noted (
  claimant INTEGER NOT NULL,
  n        INTEGER NOT NULL,
  database TEXT    NOT NULL,
  at       INTEGER NOT NULL,
  data     BLOB    NOT NULL,
  PRIMARY KEY (claimant, n)
) WITHOUT ROWID;
