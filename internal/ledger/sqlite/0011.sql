-- Version 11: requests that were about to be sent for records, until their record
-- is finished. answered: it took effect; else nobody knows. hash is of the record
-- that it was sent for, kept what is remembered of the answer, database where it
-- went: of another one it says nothing.
CREATE TABLE sent (
  place    INTEGER NOT NULL,
  key      TEXT    NOT NULL,
  call     TEXT    NOT NULL,
  element  TEXT    NOT NULL,
  database TEXT    NOT NULL,
  run      INTEGER NOT NULL,
  hash     INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  kept     BLOB,
  PRIMARY KEY (place, key, call, element)
) WITHOUT ROWID;
