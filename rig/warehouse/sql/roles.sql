-- Roles that the real data and the generated one name. They belong to the whole
-- server, so another loader may be making them at the same moment.
DO $do$
DECLARE
  r text;
BEGIN
  FOREACH r IN ARRAY array['postgres', 'warehouse_owner', 'warehouse_reader', 'Report "Reader"'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', r);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;
    END;
  END LOOP;
END
$do$;
