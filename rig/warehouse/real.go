package warehouse

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"

	"godwit/data"
	"godwit/rig/postgres"
)

// Set is a public data set that Load puts into a schema of its own.
type Set struct {
	Schema string
	File   string // below data/
	Tables int    // that hold rows themselves
	Rows   int
}

// Sets are all data sets, as counted in data/README.md.
var Sets = []Set{
	{Schema: "pagila", File: "pagila/pagila.sql", Tables: 21, Rows: 46273},
	{Schema: "northwind", File: "northwind/northwind.sql", Tables: 14, Rows: 3362},
	{Schema: "chinook", File: "chinook/Chinook_PostgreSql.sql", Tables: 11, Rows: 15607},
	{Schema: "netflix", File: "netflix-titles/netflix.sql", Tables: 1, Rows: 8807},
	{Schema: "types", File: "pg-types/pg_types.sql", Tables: 31, Rows: 2072},
}

// Load puts all public data sets into a database, each into a new schema. It
// needs a superuser, makes the roles they name, and must run inside the
// project's folder, where it finds them. Each set is one transaction; an error
// names the set, and a second call on the same database fails.
func Load(ctx context.Context, url string) error { return LoadSome(ctx, url) }

// LoadSome is Load of the sets of the given schemas; of all without any.
func LoadSome(ctx context.Context, url string, schemas ...string) error {
	if err := Roles(ctx, url); err != nil {
		return err
	}
	programs, err := postgres.Find(ctx)
	if err != nil {
		return err
	}
	for _, set := range Sets {
		if len(schemas) > 0 && !slices.Contains(schemas, set.Schema) {
			continue
		}
		if err := set.load(ctx, programs, url); err != nil {
			return fmt.Errorf("load %s: %w", set.File, err)
		}
	}
	return nil
}

// load sends the set's script, changed on the way, to psql.
func (s Set) load(ctx context.Context, programs postgres.Programs, url string) error {
	path, err := data.Path(s.File)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var said bytes.Buffer
	psql := exec.CommandContext(ctx, programs.Path("psql"), "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", url)
	psql.Stdout, psql.Stderr = io.Discard, &said
	in, err := psql.StdinPipe()
	if err != nil {
		return err
	}
	if err := psql.Start(); err != nil {
		return err
	}
	rewriteErr := errors.Join(s.rewrite(file, in), in.Close())
	if err := psql.Wait(); err != nil {
		return fmt.Errorf("psql: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return rewriteErr
}

// rewrite copies a script so that it fills the set's schema instead of public
// and stays in the database it is run in. Rows pass unchanged.
func (s Set) rewrite(from io.Reader, to io.Writer) error {
	in := bufio.NewReader(from)
	out := bufio.NewWriter(to)
	fmt.Fprintf(out, "create schema %[1]s;\nset search_path = %[1]s;\n", s.Schema)
	rows := false
	for {
		line, err := in.ReadString('\n')
		switch {
		case rows:
			rows = strings.TrimSpace(line) != `\.`
		case strings.HasPrefix(line, `\c `), strings.HasPrefix(line, "DROP DATABASE"), strings.HasPrefix(line, "CREATE DATABASE"):
			line = "\n"
		case strings.HasPrefix(line, "INSERT"), !strings.Contains(line, "public."):
			// the scripts with INSERT name no schema
		default:
			rows = strings.HasPrefix(line, "COPY ") && strings.HasSuffix(strings.TrimSpace(line), "FROM stdin;")
			line = strings.ReplaceAll(line, "public.", s.Schema+".")
		}
		out.WriteString(line) // a bufio.Writer keeps its first error for Flush
		if errors.Is(err, io.EOF) {
			return out.Flush()
		}
		if err != nil {
			return err
		}
	}
}
