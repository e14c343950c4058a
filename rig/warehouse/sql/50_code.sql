-- Functions, procedures, aggregates, operators, views, materialised views, triggers.
-- Triggers come after the rows: a copy must not fire them.
CREATE SCHEMA code;
CREATE FUNCTION code.normal(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT lower(btrim(t))$$;
CREATE FUNCTION code.is_code(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $body$
BEGIN
  RETURN t ~ '^[A-Z]{3}\d+$'; -- a ; in a comment, a ' and $$ too
END
$body$;
CREATE FUNCTION code.totals(OUT schema_name text, OUT documents bigint) RETURNS SETOF record LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT 'sales', count(*) FROM sales.document UNION ALL SELECT 'finance', count(*) FROM finance.document;
END;
CREATE FUNCTION code.with_default(a int, b int DEFAULT 5, VARIADIC rest int[] DEFAULT '{}') RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = sales, pg_temp COST 7 AS 'SELECT a + b + cardinality(rest)';
CREATE FUNCTION code.with_default(a text) RETURNS text LANGUAGE sql AS 'SELECT a';
CREATE PROCEDURE code.touch(id int) LANGUAGE plpgsql AS $$BEGIN PERFORM id; END$$;
CREATE AGGREGATE code.product(double precision) (SFUNC = float8mul, STYPE = double precision, INITCOND = '1');
CREATE FUNCTION code.mod_equal(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 % 10 = $2 % 10';
CREATE OPERATOR code.=% (LEFTARG = int, RIGHTARG = int, FUNCTION = code.mod_equal, COMMUTATOR = OPERATOR(code.=%));
CREATE CAST (kinds.point3 AS text) WITH INOUT AS ASSIGNMENT;
CREATE COLLATION code.plain (provider = libc, locale = 'C');
CREATE TEXT SEARCH DICTIONARY code.short (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION code.words (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION code.words ALTER MAPPING FOR asciiword WITH code.short;

-- an index, a check and a generated column that call functions of another schema
CREATE TABLE code.user_function (id int PRIMARY KEY, name text, code text CHECK (code.is_code(code)), norm text COLLATE code.plain GENERATED ALWAYS AS (code.normal(name)) STORED);
INSERT INTO code.user_function (id, name, code) SELECT n, '  Name ' || n, 'ABC' || n FROM generate_series(1, 100) n;
CREATE INDEX by_normal ON code.user_function (code.normal(name));

CREATE SCHEMA reporting;
CREATE VIEW reporting.open_documents AS SELECT d.id, d.number, p.name, d.total FROM sales.document d JOIN sales.party p ON p.id = d.party_id WHERE d.state = 'open';
CREATE VIEW reporting."Open, by name" WITH (security_barrier) AS SELECT name AS "Name", sum(total) AS "sum(total)" FROM reporting.open_documents GROUP BY name;
CREATE VIEW reporting.checked WITH (security_invoker = true) AS SELECT id, name, region FROM crm.party WHERE region < 5 WITH LOCAL CHECK OPTION;
CREATE RECURSIVE VIEW reporting.bosses (id, boss, depth) AS
  SELECT id, boss, 0 FROM keys.member WHERE boss IS NULL UNION ALL SELECT m.id, m.boss, b.depth + 1 FROM keys.member m JOIN bosses b ON m.boss = b.id;
CREATE MATERIALIZED VIEW reporting.totals AS SELECT state, region, count(*) AS n, sum(total) AS total FROM sales.document d JOIN sales.party p ON p.id = d.party_id GROUP BY 1, 2;
CREATE UNIQUE INDEX ON reporting.totals (state, region);
-- on a materialised view and, by name, before the one it reads
CREATE MATERIALIZED VIEW reporting.a_by_state AS SELECT state, sum(n) AS n, sum(total) AS total FROM reporting.totals GROUP BY 1;
CREATE VIEW reporting.shares AS SELECT state, n / sum(n) OVER () AS share FROM reporting.a_by_state;
CREATE MATERIALIZED VIEW finance.best_share AS SELECT state, round(share, 4) AS share FROM reporting.shares ORDER BY share DESC LIMIT 1;
CREATE MATERIALIZED VIEW reporting.never_filled AS SELECT * FROM tax.party WITH NO DATA;

CREATE TABLE code.log (id bigint GENERATED ALWAYS AS IDENTITY, what text, at timestamptz DEFAULT now());
CREATE FUNCTION code.spoil() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO code.log (what) VALUES (TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME || ' ' || TG_OP || ' ' || TG_NAME);
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  NEW.note := coalesce(NEW.note, '') || ' spoiled';
  RETURN NEW;
END $$;
CREATE FUNCTION code.note_it() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO code.log (what) VALUES (TG_NAME); RETURN NULL; END$$;
CREATE TRIGGER spoils BEFORE INSERT OR UPDATE ON sales.party FOR EACH ROW EXECUTE FUNCTION code.spoil();
CREATE TRIGGER spoils_always BEFORE INSERT ON finance.party FOR EACH ROW EXECUTE FUNCTION code.spoil();
ALTER TABLE finance.party ENABLE ALWAYS TRIGGER spoils_always;
CREATE TRIGGER spoils_on_replica BEFORE INSERT ON billing.party FOR EACH ROW EXECUTE FUNCTION code.spoil();
ALTER TABLE billing.party ENABLE REPLICA TRIGGER spoils_on_replica;
CREATE TRIGGER disabled BEFORE INSERT ON crm.party FOR EACH ROW EXECUTE FUNCTION code.spoil();
ALTER TABLE crm.party DISABLE TRIGGER disabled;
CREATE TRIGGER "after, by statement" AFTER INSERT ON sales.document REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION code.note_it();
CREATE CONSTRAINT TRIGGER late AFTER UPDATE OF total ON sales.document DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.total < 0) EXECUTE FUNCTION code.note_it();
CREATE TRIGGER on_all_parts AFTER INSERT ON parts.measure FOR EACH ROW EXECUTE FUNCTION code.note_it();
CREATE TRIGGER instead INSTEAD OF INSERT ON reporting.open_documents FOR EACH ROW EXECUTE FUNCTION code.note_it();
CREATE RULE no_delete AS ON DELETE TO keys.one_null DO INSTEAD NOTHING;
CREATE RULE also AS ON INSERT TO keys.many_nulls DO ALSO INSERT INTO code.log (what) VALUES ('rule');
