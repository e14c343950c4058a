package postgres

import (
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/login"
	"godwit/rig/postgres/pgtest"
)

// Pages are read, and written, at the connection's rate.
func TestPace(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table item as select i as id from generate_series(1, 4500) i", "alter table item add primary key (id)", "create table copied (id int primary key)")
	five := 5.0
	e, err := Open(t.Context(), "old", &login.Settings{URL: url, Limit: login.Limit{Rates: connector.Rates{Rate: &five}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	start := time.Now()
	r, err := e.ReadRecords(patient(t), connector.Query{Table: catalog.Name{Schema: "public", Object: "item"}, Key: []string{"id"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	pages, n := 0, 0
	for {
		p, err := r.Next(patient(t))
		if err != nil {
			break
		}
		pages, n = pages+1, n+len(p.Records)
	}
	if took := time.Since(start); n != 4500 || pages < 5 || took < time.Duration(pages-1)*200*time.Millisecond-50*time.Millisecond {
		t.Errorf("%d records in %d pages took %v at 5/s", n, pages, took)
	}
	start = time.Now()
	into := connector.Into{Table: catalog.Name{Schema: "public", Object: "copied"}, Columns: []string{"id"}, Key: []string{"id"}}
	for i := range 4 {
		write(t, e, connector.ModeAppend, into, []any{int64(i)})
	}
	if took := time.Since(start); took < 700*time.Millisecond { // one interval behind the last page, then three
		t.Errorf("4 pages were written in %v at 5/s", took)
	}
	if held := e.Pace().State().Held; held.Limit < time.Second || held.Other != 0 {
		t.Errorf("%+v", held)
	}
}
