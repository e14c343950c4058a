package survey

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"

	"github.com/jackc/pgx/v5"
)

var targetChecks = []check{
	{"target.same", "it is another database than the source", checkSame},
	{"target.read-only", "it takes writes", checkWritable},
	{"target.older", "it is no older than the source", checkAge},
	{"target.encoding", "encoding and collation are the source's", checkEncoding},
	{"role.missing", "all roles are there and may be given what they own", checkRoles},
	{"right.create", "schemas and objects may be made", checkCreating},
	{"right.superuser", "nothing needs a superuser", checkSuperuser},
	{"extension.missing", "all extensions are there or can be made", checkExtensions},
	{"tablespace.missing", "all tablespaces are there", checkTablespaces},
	{"right.replica", "triggers and rules can be kept off copied rows", checkReplica},
	{"right.statistics", "lock waits can be named", checkStatistics},
	{"connections.few", "there is room for more sessions", checkConnections},
	{"transactions.old", "no old or prepared transactions", checkOldTransactions},
	{"space.unknown", "free disk space cannot be asked for: see that there is enough", checkSpace},
}

func checkSame(_ context.Context, x *examination) error {
	if x.facts.Source != nil && x.facts.Target != nil && x.facts.Source.ID != "" && x.facts.Source.ID == x.facts.Target.ID {
		x.add(connector.Blocks, "target.same", x.here.Database, "source and target are the same database")
	}
	return nil
}

func checkWritable(_ context.Context, x *examination) error {
	switch {
	case x.here.Recovery:
		x.add(connector.Blocks, "target.read-only", x.here.Database, "the server is a standby and takes no writes").Or = []string{"connect to its primary"}
	case x.here.ReadOnly == "on":
		x.add(connector.Blocks, "target.read-only", x.here.Database, "default_transaction_read_only is on for %s", x.here.User).Fixes = []string{
			fmt.Sprintf("ALTER ROLE %s IN DATABASE %s SET default_transaction_read_only = off", catalog.Quote(x.here.User), catalog.Quote(x.here.Database))}
	}
	return nil
}

func checkAge(_ context.Context, x *examination) error {
	if x.facts.Source != nil && x.here.Number/10000 < x.facts.Source.Number/10000 {
		x.add(connector.Blocks, "target.older", x.here.Database, "version %d is older than the source's %d: its definitions may not be understood",
			x.here.Number/10000, x.facts.Source.Number/10000).Or = []string{"upgrade the target"}
	}
	return nil
}

func (x *examination) ofSource(setting string) string {
	if x.facts.Source != nil {
		for _, p := range x.facts.Source.Settings {
			if p.Name == setting {
				return p.Value
			}
		}
	}
	return ""
}

func checkEncoding(_ context.Context, x *examination) error {
	switch from := x.ofSource("server_encoding"); {
	case from == "SQL_ASCII": // sessions speak UTF8: what is none cannot even be read
		x.add(connector.Warns, "target.encoding", x.here.Database,
			"the source does not know its encoding (SQL_ASCII): a text that is no valid UTF8 ends the copy of its table (data.encoding)").
			Or = []string{"convert such texts at the source first"}
	case from == "" || from == x.here.Encoding:
	case x.here.Encoding == "UTF8":
		x.add(connector.Warns, "target.encoding", x.here.Database, "encoding is UTF8, the source's %s: texts are converted and may need more room", from)
	default:
		x.add(connector.Blocks, "target.encoding", x.here.Database, "encoding %s cannot hold all that the source's %s can", x.here.Encoding, from).
			Fixes = []string{fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'", catalog.Quote(x.here.Database+"_utf8"))}
	}
	for _, s := range []struct{ setting, here string }{
		{"lc_collate", x.here.Collate}, {"lc_ctype", x.here.Ctype}, {"locale_provider", x.here.Provider},
	} {
		if from := x.ofSource(s.setting); from != "" && from != s.here {
			x.add(connector.Warns, "target.collation", x.here.Database, "%s is %s, the source's %s: texts sort and compare differently", s.setting, s.here, from)
		}
	}
	return nil
}

const ident = `("(?:[^"]|"")+"|[\pL_][\pL\pN_$]*)`

var (
	granted    = regexp.MustCompile(`(?m)^(?:GRANT|ALTER DEFAULT PRIVILEGES) .* TO ` + ident + `(?: WITH GRANT OPTION)?;$`)
	revoked    = regexp.MustCompile(`(?m)^(?:REVOKE|ALTER DEFAULT PRIVILEGES) .* FROM ` + ident + `;$`)
	forRole    = regexp.MustCompile(`(?m)^ALTER DEFAULT PRIVILEGES FOR ROLE ` + ident + ` `)
	policyFor  = regexp.MustCompile(`^CREATE POLICY .* TO (` + ident + `(?:, ` + ident + `)*)(?: USING | WITH CHECK |;)`)
	tablespace = regexp.MustCompile(`^(?:SET LOCAL [a-z_]+ = [^;]+;\n)*?SET LOCAL default_tablespace = ` + ident + `;`)
	oneIdent   = regexp.MustCompile(ident)
)

func unquoted(ident string) string {
	if strings.HasPrefix(ident, `"`) {
		return strings.ReplaceAll(ident[1:len(ident)-1], `""`, `"`)
	}
	return ident
}

// roles are those that definitions speak of: how many objects each owns.
func roles(all []catalog.Definition) map[string]int {
	owns := map[string]int{}
	for _, d := range all {
		if d.Owner != "" && strings.Contains(d.SQL, " OWNER TO ") {
			owns[d.Owner]++
		}
		var texts []string
		switch d.Kind {
		case "ACL", "DEFAULT ACL":
			for _, re := range []*regexp.Regexp{granted, revoked, forRole} {
				for _, m := range re.FindAllStringSubmatch(d.SQL, -1) {
					texts = append(texts, m[1])
				}
			}
		case "POLICY":
			if m := policyFor.FindStringSubmatch(d.SQL); m != nil {
				texts = oneIdent.FindAllString(m[1], -1)
			}
		}
		for _, t := range texts {
			if name := unquoted(t); t != "PUBLIC" {
				owns[name] += 0
			}
		}
	}
	return owns
}

func checkRoles(ctx context.Context, x *examination) error {
	owns := roles(x.facts.Definitions)
	type role struct {
		Name          string
		Member, Super bool
	}
	member := "'MEMBER'"
	if x.here.Number >= 160000 {
		member = "'SET'"
	}
	there, err := List(ctx, x.conn, pgx.RowToStructByPos[role], `SELECT rolname::text, pg_has_role(oid, `+member+`), rolsuper FROM pg_roles`)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, r := range there {
		known[r.Name] = true
		if owns[r.Name] > 0 && !r.Member {
			f := x.add(connector.Blocks, "role.member", r.Name, "%s may not give %d objects to their owner %s", x.here.User, owns[r.Name], r.Name)
			f.Fixes = []string{fmt.Sprintf("GRANT %s TO %s", catalog.Quote(r.Name), catalog.Quote(x.here.User))}
			if r.Super {
				f.Text += fmt.Sprintf("; %s is a superuser: granted, %s may do all that one may", r.Name, x.here.User)
				f.Or = []string{
					"give the objects an owner that is no superuser at the source first: ALTER ... OWNER TO",
					"connect to the target as a superuser for this copy",
					fmt.Sprintf("take the grant back after the copy: REVOKE %s FROM %s", catalog.Quote(r.Name), catalog.Quote(x.here.User)),
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(owns)) {
		if known[name] {
			continue
		}
		what := "it has rights"
		if owns[name] > 0 {
			what = fmt.Sprintf("it owns %d objects", owns[name])
		}
		x.add(connector.Blocks, "role.missing", name, "role %s is missing; %s", name, what).
			Fixes = []string{fmt.Sprintf("CREATE ROLE %s NOLOGIN", catalog.Quote(name))}
	}
	return nil
}

func checkCreating(ctx context.Context, x *examination) error {
	needs := map[string]bool{Schema: true}
	for _, d := range x.facts.Definitions {
		if d.Section == catalog.Before && d.Name.Schema != "" {
			needs[d.Name.Schema] = true
		}
	}
	type schema struct {
		Name      string
		CanCreate bool
	}
	there, err := List(ctx, x.conn, pgx.RowToStructByPos[schema], `SELECT nspname::text, has_schema_privilege(oid, 'CREATE') AND has_schema_privilege(oid, 'USAGE') FROM pg_namespace`)
	if err != nil {
		return err
	}
	for _, n := range there {
		if needs[n.Name] && !n.CanCreate {
			x.add(connector.Blocks, "right.create", n.Name, "%s may not create in schema %s", x.here.User, n.Name).
				Fixes = []string{fmt.Sprintf("GRANT CREATE, USAGE ON SCHEMA %s TO %s", catalog.Quote(n.Name), catalog.Quote(x.here.User))}
		}
		delete(needs, n.Name)
	}
	if missing := slices.Sorted(maps.Keys(needs)); len(missing) > 0 && !x.here.CanCreate {
		x.add(connector.Blocks, "right.create", missing[0], "%s may not create schemas in database %s: %s", x.here.User, x.here.Database, some(missing)).
			Fixes = []string{fmt.Sprintf("GRANT CREATE ON DATABASE %s TO %s", catalog.Quote(x.here.Database), catalog.Quote(x.here.User))}
	}
	return nil
}

// superuser are definitions that only a superuser may send.
func superuser(d catalog.Definition) bool {
	switch d.Kind {
	case "EVENT TRIGGER", "FOREIGN DATA WRAPPER", "ACCESS METHOD", "PROCEDURAL LANGUAGE", "TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE",
		"OPERATOR CLASS", "OPERATOR FAMILY":
		return true
	case "PUBLICATION":
		return strings.Contains(d.SQL, " FOR ALL TABLES") || strings.Contains(d.SQL, " FOR TABLES IN SCHEMA")
	case "PUBLICATION TABLES IN SCHEMA":
		return true
	case "FUNCTION", "PROCEDURE":
		head, _, _ := strings.Cut(d.SQL, "AS '")
		return strings.Contains(head, "\n    LANGUAGE c ") || strings.Contains(head, "\n    LANGUAGE internal ") || strings.HasSuffix(head, "LANGUAGE c\n    ")
	case "TYPE":
		return strings.Contains(d.SQL, "\n    INPUT = ")
	case "CAST":
		return strings.Contains(d.SQL, " WITHOUT FUNCTION")
	}
	return false
}

func checkSuperuser(_ context.Context, x *examination) error {
	if x.here.Super {
		return nil
	}
	var names []string
	for _, d := range x.facts.Definitions {
		if superuser(d) {
			names = append(names, strings.ToLower(d.Kind)+" "+d.Name.String())
		}
	}
	if len(names) > 0 {
		x.add(connector.Blocks, "right.superuser", names[0], "%s is no superuser and may not make %s", x.here.User, some(names)).
			Or = []string{"connect as a superuser", "select the schemas that are needed: what belongs to none is then left out"}
	}
	return nil
}

func checkExtensions(ctx context.Context, x *examination) error {
	type extension struct {
		Name      string
		Installed bool
		Trusted   bool
	}
	trusted := "false"
	if x.here.Number >= 130000 {
		trusted = "coalesce((SELECT v.trusted FROM pg_available_extension_versions v WHERE v.name = a.name AND v.version = a.default_version), false)"
	}
	all, err := List(ctx, x.conn, pgx.RowToStructByPos[extension], `SELECT a.name::text, a.installed_version IS NOT NULL, `+trusted+` FROM pg_available_extensions a`)
	if err != nil {
		return err
	}
	there := map[string]extension{}
	for _, e := range all {
		there[e.Name] = e
	}
	for _, d := range x.facts.Definitions {
		if d.Kind != "EXTENSION" {
			continue
		}
		name := d.Name.Object
		switch e, ok := there[name]; {
		case !ok:
			x.add(connector.Blocks, "extension.unavailable", name, "extension %s is not installed on the server", name).
				Or = []string{"install the package that holds it", "select the schemas that do without it"}
		case !e.Installed && !x.here.Super && !(e.Trusted && x.here.CanCreate):
			x.add(connector.Blocks, "extension.missing", name, "extension %s is missing and %s may not make it", name, x.here.User).
				Fixes = []string{strings.TrimSuffix(d.SQL, ";")}
		}
	}
	return nil
}

func checkTablespaces(ctx context.Context, x *examination) error {
	used := map[string]int{}
	for _, d := range x.facts.Definitions {
		if m := tablespace.FindStringSubmatch(d.SQL); m != nil {
			used[unquoted(m[1])]++
		}
	}
	type space struct {
		Name   string
		Usable bool
	}
	there, err := List(ctx, x.conn, pgx.RowToStructByPos[space], `SELECT spcname::text, has_tablespace_privilege(oid, 'CREATE') FROM pg_tablespace`)
	if err != nil {
		return err
	}
	for _, s := range there {
		if used[s.Name] > 0 && !s.Usable {
			x.add(connector.Blocks, "tablespace.right", s.Name, "%s may not create in tablespace %s", x.here.User, s.Name).
				Fixes = []string{fmt.Sprintf("GRANT CREATE ON TABLESPACE %s TO %s", catalog.Quote(s.Name), catalog.Quote(x.here.User))}
		}
		delete(used, s.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		x.add(connector.Blocks, "tablespace.missing", name, "tablespace %s is missing; %d objects are in it", name, used[name]).
			Fixes = []string{fmt.Sprintf("CREATE TABLESPACE %s LOCATION '/a/folder/of/the/server'", catalog.Quote(name))}
	}
	return nil
}

func checkReplica(ctx context.Context, x *examination) error {
	may := x.here.Super
	if !may && x.here.Number >= 150000 {
		var err error
		if may, err = One(ctx, x.conn, pgx.RowTo[bool], `SELECT has_parameter_privilege('session_replication_role', 'SET')`); err != nil {
			return err
		}
	}
	if !may {
		f := x.add(connector.Warns, "right.replica", "", "%s may not set session_replication_role: triggers of tables that exist would meet copied rows; new tables get theirs after the data", x.here.User)
		if x.here.Number >= 150000 {
			f.Fixes = []string{fmt.Sprintf("GRANT SET ON PARAMETER session_replication_role TO %s", catalog.Quote(x.here.User))}
		}
	}
	return nil
}

func checkStatistics(_ context.Context, x *examination) error {
	if !x.here.Super && !x.here.ReadsStatistics {
		x.add(connector.Warns, "right.statistics", "", "%s cannot read other sessions: a lock wait would name the pid, not the statement", x.here.User).
			Fixes = []string{fmt.Sprintf("GRANT pg_read_all_stats TO %s", catalog.Quote(x.here.User))}
	}
	return nil
}

func checkSpace(_ context.Context, x *examination) error {
	if x.facts.Source == nil {
		return nil
	}
	bytes := int64(0)
	for _, t := range x.facts.Source.Tables {
		bytes += t.Bytes
	}
	x.add(connector.Passes, "space.unknown", x.here.Database, "free disk space cannot be asked for: the tables take about %d MB, and indexes and WAL come on top", bytes>>20)
	return nil
}
