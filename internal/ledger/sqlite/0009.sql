-- Version 9: what is accepted holds for a flow's inputs too, as one text of JSON;
-- '*' for all of them, as everything did before. times is how many records without
-- a key it holds for.
ALTER TABLE run ADD COLUMN inputs TEXT NOT NULL DEFAULT '';
UPDATE run SET inputs = CASE WHEN json_valid(plan) THEN coalesce(json_extract(plan, '$.flow.inputs'), '') ELSE '' END;

ALTER TABLE accepted RENAME TO accepted_8;
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
  inputs TEXT    NOT NULL,
  times  INTEGER NOT NULL,
  action INTEGER NOT NULL REFERENCES action (id),
  PRIMARY KEY (key, entity, step, rule, field, value, flow, env, node, inputs)
) WITHOUT ROWID;
INSERT INTO accepted SELECT key, entity, step, rule, field, value, flow, env, node, '*', 1, action FROM accepted_8;
DROP TABLE accepted_8;

-- Each step of a flow tells of aliases by itself: told names it.
ALTER TABLE alias RENAME TO alias_8;
CREATE TABLE alias (
  place INTEGER NOT NULL,
  old   TEXT    NOT NULL,
  new   TEXT    NOT NULL,
  told  TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (place, old, new, told)
) WITHOUT ROWID;
INSERT INTO alias (place, old, new) SELECT place, old, new FROM alias_8;
DROP TABLE alias_8;
