-- Version 16: which record has which object of a call, where a look-up has found
-- something: what it finds may be another record's. watched are such calls, from their
-- first find on; names are what of the things that the call keeps tells its objects
-- apart, upto the key up to which records are looked through, whole that all are. A row
-- of object may be out of date: who meets one asks how its record stands.
CREATE TABLE watched (
  place INTEGER NOT NULL,
  call  TEXT    NOT NULL,
  names TEXT    NOT NULL,
  upto  TEXT    NOT NULL DEFAULT '',
  whole INTEGER NOT NULL DEFAULT FALSE,
  PRIMARY KEY (place, call)
) WITHOUT ROWID;
CREATE TABLE object (
  place  INTEGER NOT NULL,
  call   TEXT    NOT NULL,
  object TEXT    NOT NULL,
  key    TEXT    NOT NULL,
  PRIMARY KEY (place, call, object)
) WITHOUT ROWID;

-- A record that stands behind another one of its group waits: nothing of it is to be mended.
UPDATE issue SET severity = 'waits' WHERE rule = 'group' AND field = 'group' AND severity = 'error'
  AND exception IN (SELECT id FROM exception WHERE code = 'group.blocked');

-- The part of applied whose objects were found at the target, not made.
ALTER TABLE account ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0;
