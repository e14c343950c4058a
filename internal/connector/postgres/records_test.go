package postgres

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"
)

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

func readAll(t testing.TB, e *Endpoint, q connector.Query) []record.Record {
	t.Helper()
	r, err := e.ReadRecords(patient(t), q, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return drain(t, r)
}

func TestRecordsFirst(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.a (id int primary key, n numeric(10,2), t varchar(20), at timestamptz, d date, j jsonb, l int[], x uuid)",
		"insert into public.a select i, i/3.0, 'row '||i, now(), '2024-01-01', '{\"a\":[1,2.50]}', array[1,null], gen_random_uuid() from generate_series(1,5000) i")
	e := endpoint(t, url)
	for _, q := range []connector.Query{
		{Table: public("a"), Key: []string{"id"}},
		{Table: public("a"), Where: "id > :least /* :no */", Args: map[string]any{"least": int64(100)}, Key: []string{"n", "id"}},
		{SQL: "select * from a where t like 'row%' and id <> :x.y; -- end", Args: map[string]any{"x.y": "7"}, Key: []string{"id"}},
	} {
		s, err := e.Describe(patient(t), q)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(s)
		all := readAll(t, e, q)
		t.Log(len(all), all[0])
		parts, err := e.Split(patient(t), q, 4)
		t.Log(parts, err)
		n := 0
		for _, p := range parts {
			n += len(readAll(t, e, p))
		}
		if n != len(all) {
			t.Error(n, len(all))
		}
	}
	_, err := e.Describe(patient(t), connector.Query{SQL: "select *\n from a\n where idd = 1"})
	t.Logf("%v %+v", err, err)
	fmt.Println()
}
