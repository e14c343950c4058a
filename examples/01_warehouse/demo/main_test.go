package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"godwit/rig/demo"
	"godwit/rig/postgres"
	"godwit/rig/warehouse"

	"github.com/google/go-cmp/cmp"
)

// program stands in for godwit: it writes down how it was called, looks into
// both databases where it is told to, and ends with the code for its command.
const program = `#!/bin/sh
echo "$* in $(basename "$PWD")" >> "$RECORD"
case "$LOOK$1" in
yesrun)
	psql -X -A -t -c 'select count(*) from pagila.film' "$GODWIT_DEMO_FROM" >> "$RECORD" &&
	psql -X -A -t -c "select count(*) from pg_roles where rolname = 'warehouse_owner'" "$GODWIT_DEMO_TO" >> "$RECORD" ;;
esac
case "$1" in
doctor) exit ${DOCTOR:-0} ;;
run) exit ${RUN:-0} ;;
report) echo report > "$4" ;;
esac
`

// newDemo is a demo of the stand-in with a small warehouse and the file it writes to.
func newDemo(t *testing.T, out *bytes.Buffer) (d *move, record string) {
	t.Helper()
	dir := t.TempDir()
	godwit := filepath.Join(dir, "godwit")
	if err := os.WriteFile(godwit, []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	d, err := parse([]string{"-godwit", godwit, "-size", "tiny"}, out)
	if err != nil {
		t.Fatal(err)
	}
	d.Folder = dir
	record = filepath.Join(dir, "record")
	t.Setenv("RECORD", record)
	return d, record
}

// TestShow is the whole demo of a godwit that finds differences.
func TestShow(t *testing.T) {
	var out bytes.Buffer
	d, record := newDemo(t, &out)
	t.Setenv("LOOK", "yes")
	t.Setenv("RUN", "4")
	if code, err := d.show(t.Context()); code != 4 || err != nil {
		t.Errorf("exit code %d, %v, want godwit's 4", code, err)
	}
	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "run warehouse in 01_warehouse\n1000\n1\n") {
		t.Errorf("the run saw:\n%s", text)
	}
	if !strings.Contains(out.String(), "The report: "+d.Report()) {
		t.Errorf("the output:\n%s", &out)
	}
	noServers(t, out.String())
}

// TestCommands looks at which commands follow which exit code.
func TestCommands(t *testing.T) {
	for _, c := range []struct {
		doctor, run string
		code        int
		commands    []string
	}{
		{"0", "0", 0, []string{"doctor", "plan", "run", "report"}},
		{"2", "0", 2, []string{"doctor"}},
		{"0", "1", 1, []string{"doctor", "plan", "run", "report"}},
		{"0", "2", 2, []string{"doctor", "plan", "run"}},
		{"0", "130", 130, []string{"doctor", "plan", "run"}},
	} {
		t.Run("doctor "+c.doctor+" run "+c.run, func(t *testing.T) {
			d, record := newDemo(t, &bytes.Buffer{})
			t.Setenv("DOCTOR", c.doctor)
			t.Setenv("RUN", c.run)
			nowhere := &demo.Pair{Old: &postgres.Server{}, New: &postgres.Server{}}
			if code, err := d.commands(t.Context(), nowhere); code != c.code || err != nil {
				t.Errorf("exit code %d, %v, want %d", code, err, c.code)
			}
			text, err := os.ReadFile(record)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.commands, verbs(string(text))); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"-godwit", "no/such/file"}, {"-godwit", "main.go", "-size", "huge"}, {"-what"}} {
		if _, err := parse(args, &bytes.Buffer{}); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	d, err := parse([]string{"-godwit", "main.go", "-keep"}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(d.Godwit) || !d.Keep || d.size != warehouse.Demo {
		t.Errorf("parsed: %+v", d)
	}
}

var call = regexp.MustCompile(`(?m)^(\w+) warehouse(-1)?\b`)

func verbs(record string) []string {
	var all []string
	for _, match := range call.FindAllStringSubmatch(record, -1) {
		all = append(all, match[1])
	}
	return all
}

// noServers checks that the servers the demo told of are gone.
func noServers(t *testing.T, out string) {
	t.Helper()
	told := regexp.MustCompile(`(?m)^  (?:old|new): postgres://godwit@(\S+?)/`).FindAllStringSubmatch(out, -1)
	if len(told) != 2 {
		t.Fatalf("%d servers told of, want 2:\n%s", len(told), out)
	}
	for _, server := range told {
		if conn, err := net.Dial("tcp", server[1]); err == nil {
			conn.Close()
			t.Errorf("%s still answers", server[1])
		}
	}
}
