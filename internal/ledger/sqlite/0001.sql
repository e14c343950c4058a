-- The ledger, version 1. Times are milliseconds UTC, 0 = never; JSON is text,
-- '' = none. lease_until is on the clock of lease_boot, see clock_linux.go.

CREATE TABLE run (
  id          INTEGER PRIMARY KEY,
  uid         TEXT    NOT NULL UNIQUE,
  flow        TEXT    NOT NULL,
  n           INTEGER NOT NULL,
  parent      INTEGER NOT NULL DEFAULT 0,
  parent_node TEXT    NOT NULL DEFAULT '',
  state       TEXT    NOT NULL,
  outcome     TEXT    NOT NULL DEFAULT '',
  exit        INTEGER NOT NULL DEFAULT 0,
  env         TEXT    NOT NULL DEFAULT '',
  key         TEXT    NOT NULL DEFAULT '',
  plan_hash   TEXT    NOT NULL DEFAULT '',
  plan        TEXT    NOT NULL DEFAULT '',
  revision    INTEGER NOT NULL DEFAULT 1,
  token       INTEGER NOT NULL DEFAULT 0,
  owner       TEXT    NOT NULL DEFAULT '',
  lease_boot  TEXT    NOT NULL DEFAULT '',
  lease_until INTEGER NOT NULL DEFAULT 0,
  opened      INTEGER NOT NULL,
  ended       INTEGER NOT NULL DEFAULT 0,
  report      TEXT    NOT NULL DEFAULT '',
  UNIQUE (flow, n)
);
CREATE UNIQUE INDEX run_open ON run (flow, key) WHERE state <> 'ended' AND key <> '';

CREATE TABLE event (
  seq     INTEGER PRIMARY KEY,
  run     INTEGER NOT NULL REFERENCES run (id),
  at      INTEGER NOT NULL,
  kind    TEXT    NOT NULL,
  node    TEXT    NOT NULL DEFAULT '',
  unit    TEXT    NOT NULL DEFAULT '',
  attempt INTEGER NOT NULL DEFAULT 0,
  actor   TEXT    NOT NULL DEFAULT '',
  reason  TEXT    NOT NULL DEFAULT '',
  body    TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX event_run ON event (run, seq);

-- spec is the whole unit as it was expanded, result the body of the event
-- that settled it last.
CREATE TABLE unit (
  run     INTEGER NOT NULL REFERENCES run (id),
  id      TEXT    NOT NULL,
  step    TEXT    NOT NULL,
  kind    TEXT    NOT NULL,
  entity  TEXT    NOT NULL DEFAULT '',
  class   TEXT    NOT NULL DEFAULT '',
  weight  INTEGER NOT NULL DEFAULT 0,
  state   TEXT    NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  tries   INTEGER NOT NULL DEFAULT 0,
  crashes INTEGER NOT NULL DEFAULT 0,
  started INTEGER NOT NULL DEFAULT 0,
  ended   INTEGER NOT NULL DEFAULT 0,
  fault   TEXT    NOT NULL DEFAULT '',
  result  TEXT    NOT NULL DEFAULT '',
  spec    TEXT    NOT NULL,
  PRIMARY KEY (run, id)
);
CREATE INDEX unit_place ON unit (run, step, kind, state);
CREATE INDEX unit_open ON unit (run, state) WHERE state <> 'done';

CREATE TABLE account (
  run         INTEGER NOT NULL REFERENCES run (id),
  step        TEXT    NOT NULL,
  entity      TEXT    NOT NULL,
  chunk       INTEGER NOT NULL,
  generation  INTEGER NOT NULL,
  unit        TEXT    NOT NULL,
  current     BOOLEAN NOT NULL,
  read        INTEGER NOT NULL,
  applied     INTEGER NOT NULL,
  equal       INTEGER NOT NULL,
  superseded  INTEGER NOT NULL,
  redelivered INTEGER NOT NULL,
  filtered    INTEGER NOT NULL,
  rejected    INTEGER NOT NULL,
  dead        INTEGER NOT NULL,
  pending     INTEGER NOT NULL,
  blocked     INTEGER NOT NULL,
  written     INTEGER NOT NULL,
  bytes       INTEGER NOT NULL,
  hash        BLOB,
  PRIMARY KEY (run, step, entity, chunk, generation)
) WITHOUT ROWID;
CREATE INDEX account_unit ON account (run, unit);
CREATE INDEX account_entity ON account (run, entity);

CREATE TABLE progress (
  run   INTEGER NOT NULL REFERENCES run (id),
  unit  TEXT    NOT NULL,
  at    INTEGER NOT NULL,
  done  INTEGER NOT NULL,
  total INTEGER NOT NULL,
  rows  INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  doing TEXT    NOT NULL,
  waits TEXT    NOT NULL,
  PRIMARY KEY (run, unit)
) WITHOUT ROWID;

CREATE TABLE action (
  id        INTEGER PRIMARY KEY,
  run       INTEGER NOT NULL REFERENCES run (id),
  verb      TEXT    NOT NULL,
  body      TEXT    NOT NULL,
  actor     TEXT    NOT NULL,
  reason    TEXT    NOT NULL,
  revision  INTEGER NOT NULL,
  asked     INTEGER NOT NULL,
  accepted  INTEGER NOT NULL DEFAULT 0,
  in_effect INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX action_open ON action (run) WHERE in_effect = 0 AND cancelled = 0;
