package postgres

import (
	"errors"
	"io"
	"testing"

	"godwit/internal/catalog"
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
		"read": connectortest.ReadRecords, "write": connectortest.WriteRecords, "marks": connectortest.MarkedRecords, "read back": connectortest.ReadBack,
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

// TestSplitTiles reads the ranges that statistics give: numbers, texts and dates
// of several lengths are all read, each once. As texts they have another order.
func TestSplitTiles(t *testing.T) {
	t.Parallel()
	r, url := recordsAt(t)
	for name, value := range map[string]string{"int": "i", "bigint": "i * 1000003::bigint - 9999999", "numeric": "i / 7.0 - 100", "text": "i::text", "date": "date '0500-01-01' + i * 37"} {
		pgtest.Exec(t, url, "drop table if exists many; create table many (id "+name+" primary key)",
			"insert into many select "+value+" from generate_series(1, 20000) i", "analyze many")
		q := connector.Query{Table: catalog.Name{Schema: "public", Object: "many"}, Key: []string{"id"}}
		source := r.At.(connector.RecordSource)
		ranges, err := source.Split(patient(t), q, 5)
		if err != nil || len(ranges) != 5 {
			t.Fatalf("%s: %d ranges (%v)", name, len(ranges), err)
		}
		seen := map[string]int{}
		for _, q := range ranges {
			reader, err := source.ReadRecords(patient(t), q, "")
			if err != nil {
				t.Fatal(err)
			}
			all := drain(t, reader)
			reader.Close()
			if len(all) < 2000 || len(all) > 7000 {
				t.Errorf("%s: a range holds %d of 20,000 records", name, len(all))
			}
			for _, rec := range all {
				seen[rec.Key]++
			}
		}
		for key, n := range seen {
			if n != 1 {
				t.Fatalf("%s: %s was read %d times", name, key, n)
			}
		}
		if len(seen) != 20000 {
			t.Errorf("%s: %d records were read", name, len(seen))
		}
	}
}
