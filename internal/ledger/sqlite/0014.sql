-- Version 14: where the record of an exception stands among those that are delivered
-- one behind the other: its group, '' for none, and its place in the order of the
-- source, 0 where that is not known. A redrive goes by both.
ALTER TABLE exception ADD COLUMN "group" TEXT NOT NULL DEFAULT '';
ALTER TABLE exception ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
CREATE INDEX exception_turn ON exception (run, turn);
CREATE INDEX exception_group ON exception (run, "group", turn) WHERE closed = '' AND "group" <> '';
