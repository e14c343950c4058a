-- Version 5: records that people have put right by hand. source is the record
-- as it is from then on (of several the last one counts), said the changes as
-- JSON, values by hash; both as long as the exception is there. What was read
-- stays in payload.

CREATE TABLE patch (
  id        INTEGER PRIMARY KEY,
  exception INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  actor     TEXT    NOT NULL,
  reason    TEXT    NOT NULL,
  said      TEXT    NOT NULL,
  source    BLOB    NOT NULL -- zstd
);
CREATE INDEX patch_exception ON patch (exception, id);
