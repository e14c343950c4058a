package postgres

import (
	"errors"
	"io"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/connector/connectortest"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"
)

func recordsAt(t *testing.T) (connectortest.Records, string) {
	url := pgtest.Database(t)
	return connectortest.Records{
		At: endpoint(t, url), Schema: "public",
		Exec: func(t testing.TB, sql ...string) { t.Helper(); pgtest.Exec(t, url, sql...) },
		Rows: func(t testing.TB, sql string) []string {
			t.Helper()
			return pgtest.Column[string](t, url, sql)
		},
		Kill: func(t testing.TB) {
			t.Helper()
			pgtest.Exec(t, url, "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
		},
	}, url
}

func TestRecords(t *testing.T) {
	t.Parallel()
	for name, suite := range map[string]func(*testing.T, connectortest.Records){
		"read": connectortest.ReadRecords, "write": connectortest.WriteRecords, "marks": connectortest.MarkedRecords,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := recordsAt(t)
			suite(t, r)
		})
	}
}

// drain reads all pages.
func drain(t testing.TB, r connector.RecordReader) []record.Record {
	t.Helper()
	var all []record.Record
	for {
		p, err := r.Next(patient(t))
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Records...)
		if r.Count() != int64(len(all)) {
			t.Fatalf("count is %d after %d records", r.Count(), len(all))
		}
	}
}
