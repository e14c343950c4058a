-- Owners, grants, row security, comments, large objects.
ALTER SCHEMA audit OWNER TO warehouse_owner;
ALTER TABLE audit.party OWNER TO warehouse_owner;
ALTER TABLE audit.document OWNER TO warehouse_owner;
ALTER TABLE audit.line OWNER TO warehouse_owner;
ALTER TYPE kinds.mood OWNER TO warehouse_owner;
ALTER FUNCTION code.normal(text) OWNER TO warehouse_owner;
GRANT USAGE ON SCHEMA sales, finance, reporting TO warehouse_reader, "Report ""Reader""";
GRANT SELECT ON ALL TABLES IN SCHEMA sales TO warehouse_reader;
GRANT SELECT (id, name), UPDATE (note) ON finance.party TO "Report ""Reader""" WITH GRANT OPTION;
GRANT INSERT, TRUNCATE ON audit.line TO PUBLIC;
GRANT USAGE ON SEQUENCE kinds.fresh TO warehouse_reader;
GRANT EXECUTE ON PROCEDURE code.touch(int) TO warehouse_reader;
REVOKE EXECUTE ON FUNCTION code.is_code(text) FROM PUBLIC;
GRANT USAGE ON TYPE kinds.mood TO warehouse_reader;
REVOKE ALL ON TABLE tax.party FROM CURRENT_USER;
GRANT SELECT ON TABLE tax.party TO CURRENT_USER;
ALTER DEFAULT PRIVILEGES IN SCHEMA reporting GRANT SELECT ON TABLES TO warehouse_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE warehouse_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- row security that shows nobody anything, forced on the owner too
ALTER TABLE legal.party ENABLE ROW LEVEL SECURITY;
ALTER TABLE legal.party FORCE ROW LEVEL SECURITY;
CREATE POLICY low_regions ON legal.party AS RESTRICTIVE FOR SELECT TO warehouse_reader USING (region < 3);
CREATE POLICY none ON legal.party FOR ALL TO PUBLIC USING (false) WITH CHECK (region = 1);

COMMENT ON SCHEMA sales IS E'Sales\nwith a second line; and ''quotes'', "double", \\ and 😀';
COMMENT ON COLUMN sales.party.note IS 'spoiled by a trigger';
COMMENT ON CONSTRAINT of_party ON sales.document IS 'the buyer';
COMMENT ON INDEX sales.document_at IS 'newest first';
COMMENT ON TRIGGER spoils ON sales.party IS 'changes what is inserted';
COMMENT ON FUNCTION code.with_default(int, int, int[]) IS 'three';
COMMENT ON TYPE kinds.mood IS 'of a person';
COMMENT ON DOMAIN kinds.grade IS '1 is best';
COMMENT ON VIEW reporting.shares IS 'per state';
COMMENT ON MATERIALIZED VIEW reporting.totals IS 'by region';
COMMENT ON SEQUENCE kinds.down IS 'goes down';
COMMENT ON POLICY none ON legal.party IS 'hidden';

SELECT lo_from_bytea(910001, convert_to('a large object', 'UTF8')), lo_create(910002),
       lo_from_bytea(910003, decode(repeat(md5('lo'), pg_temp.size('blob') / 4), 'hex')), lo_from_bytea(910004, '\x00ff00ff');
ALTER LARGE OBJECT 910003 OWNER TO warehouse_owner;
GRANT SELECT ON LARGE OBJECT 910001 TO warehouse_reader;
COMMENT ON LARGE OBJECT 910001 IS 'the first';
CREATE TABLE docs.scan (id int PRIMARY KEY, object oid, name text);
INSERT INTO docs.scan SELECT n, 910000 + n, 'scan ' || n FROM generate_series(1, 4) n;
