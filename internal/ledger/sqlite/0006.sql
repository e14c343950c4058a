-- Version 6: issues over runs. origin is the run whose records they are (in a
-- redrive the one that it processes again), found the run that found them.
ALTER TABLE issue ADD COLUMN origin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE issue ADD COLUMN found INTEGER NOT NULL DEFAULT 0;
UPDATE issue SET origin = run, found = run;
CREATE INDEX issue_run ON issue (run);
CREATE INDEX issue_origin ON issue (origin);

-- A record that was read again and fulfils a rule that it broke in an earlier
-- run. It counts as long as its chunk is settled and the chunk's account counts.
CREATE TABLE passed (
  run    INTEGER NOT NULL REFERENCES run (id),
  unit   TEXT    NOT NULL,
  n      INTEGER NOT NULL,
  origin INTEGER NOT NULL REFERENCES run (id),
  key    TEXT    NOT NULL,
  rule   TEXT    NOT NULL,
  field  TEXT    NOT NULL,
  PRIMARY KEY (run, unit, n, key, rule, field)
) WITHOUT ROWID;
CREATE INDEX passed_key ON passed (key);
CREATE INDEX passed_origin ON passed (origin);

-- Issues that somebody said are as they are to be: as long as the value is the
-- same, in all runs of a flow in an environment. node is run.parent_node.
CREATE TABLE accepted (
  key    TEXT    NOT NULL,
  entity TEXT    NOT NULL,
  step   TEXT    NOT NULL,
  rule   TEXT    NOT NULL,
  field  TEXT    NOT NULL,
  value  TEXT    NOT NULL,
  flow   TEXT    NOT NULL,
  env    TEXT    NOT NULL,
  node   TEXT    NOT NULL,
  action INTEGER NOT NULL REFERENCES action (id),
  PRIMARY KEY (key, entity, step, rule, field, value, flow, env, node)
) WITHOUT ROWID;

-- Up to which event of the ledger what is known of issues of a run's records was
-- written into the table of issues that the project names.
CREATE TABLE published (
  run INTEGER PRIMARY KEY REFERENCES run (id),
  seq INTEGER NOT NULL
);
