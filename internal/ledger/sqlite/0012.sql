-- Version 12: the table that a chunk's records went to, as place.made has it: '9/9 s.t'.
-- Who asks for a record compares it with what the table is by then; '' is not known.
ALTER TABLE recorded ADD COLUMN made TEXT NOT NULL DEFAULT '';
UPDATE recorded SET made = coalesce((SELECT t.value || ' ' || t.key FROM place p, json_each(p.made) t WHERE p.id = recorded.place AND t.value <> ''), '')
  WHERE place IN (SELECT p.id FROM place p, json_each(p.made) t GROUP BY p.id HAVING count(*) = 1);
