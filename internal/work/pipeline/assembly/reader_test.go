package assembly

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/sqlite"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// shop is a file with 3,000 records of which number 7 has very many parts, 8 has
// large ones, and each other one as many as its last digit says.
func shop(t *testing.T) *sqlite.Endpoint {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), `create table item (id integer primary key, name text);
		create table line (item text, n int, what text);
		with recursive g(i) as (select 1 union all select i + 1 from g where i < 3000) insert into item select i, 'item ' || i from g;
		with recursive g(i) as (select 1 union all select i + 1 from g where i < 20000) insert into line select 7, i, 'many' from g;
		with recursive g(i) as (select 1 union all select i + 1 from g where i < 90) insert into line select 8, i, hex(zeroblob(1000)) from g;
		with recursive g(i) as (select 0 union all select i + 1 from g where i < 9)
			insert into line select id, i, 'line' from item, g where i < id % 10 and id not in (7, 8);
		create index line_item on line (item)`)
	if err != nil {
		t.Fatal(err)
	}
	e, err := sqlite.Open("shop", &sqlite.Settings{File: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// lines reads item with its lines by a query of them.
func lines(t *testing.T, e *sqlite.Endpoint, query string, one bool) *Reader {
	t.Helper()
	ctx := t.Context()
	of, err := e.Describe(ctx, catalog.Query{SQL: query, Args: map[string]any{"ids": []any{nil}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.ReadRecords(ctx, catalog.Query{SQL: "select * from item", Key: []string{"id"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	schema := &record.Schema{Fields: append(append([]record.Field(nil), r.Schema().Fields...), record.Field{Name: "lines", Of: of})}
	return New(r, schema, "id", []Part{{Name: "lines", By: "item", One: one, Of: of, Read: func(ctx context.Context, ids []any) (connector.RecordReader, error) {
		return e.ReadRecords(ctx, catalog.Query{SQL: query, Args: map[string]any{"ids": ids}}, "")
	}}})
}

// limits makes them small until the test ends.
func limits(t *testing.T) {
	t.Helper()
	was := [4]int64{int64(mostRecords), batchSize, int64(recordRows), recordSize}
	mostRecords, batchSize, recordRows, recordSize = 400, 100_000, 500, 100_000
	t.Cleanup(func() {
		mostRecords, batchSize, recordRows, recordSize = int(was[0]), was[1], int(was[2]), was[3]
	})
}

// TestReader: every record comes once, in order, with all its parts; memory is
// bounded whatever they are; the count never runs ahead of what was given out.
func TestReader(t *testing.T) {
	limits(t)
	r := lines(t, shop(t), "select item, n, what from line where item in (:ids)", false)
	next, pages, places := int64(1), 0, 0
	for {
		page, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if pages++; page.After != nil {
			places++
		}
		if page.Bytes > 2*batchSize && len(page.Records) > 1 {
			t.Errorf("%d records in one page hold %d bytes", len(page.Records), page.Bytes)
		}
		for _, rec := range page.Records {
			if rec.Slots[0] != next || rec.Key != fmt.Sprint(next) {
				t.Fatalf("record %v, want %d", rec.Slots[0], next)
			}
			list, _ := rec.Slots[2].([]any)
			switch {
			case next == 7:
				if rec.Broken == nil || rec.Broken.Text != "the part has more than 500 rows" || len(list) > 2500 || !strings.Contains(string(rec.Broken.Raw), `"item 7"`) {
					t.Errorf("record 7: %d rows, %+v", len(list), rec.Broken)
				}
			case next == 8:
				if rec.Broken == nil || !strings.HasSuffix(rec.Broken.Text, "MiB of rows") || len(rec.Broken.Raw) > 50_000 {
					t.Errorf("record 8: %d rows, %d bytes, %.100v", len(list), len(rec.Broken.Raw), rec.Broken)
				}
			case rec.Broken != nil || len(list) != int(next%10):
				t.Fatalf("record %d has %d lines: %+v", next, len(list), rec.Broken)
			}
			for _, l := range list {
				if doc, ok := l.(record.Object); !ok || doc["item"] != fmt.Sprint(next) {
					t.Fatalf("record %d has the line %v", next, l)
				}
			}
			next++
		}
		if r.Count() != next-1 {
			t.Fatalf("the count is %d, %d were given out", r.Count(), next-1)
		}
	}
	if next != 3001 || pages < 12 || places < 2 || places == pages {
		t.Errorf("%d records in %d pages with %d places", next-1, pages, places)
	}
}

func TestReaderRefuses(t *testing.T) {
	limits(t)
	e := shop(t)
	for name, c := range map[string]struct {
		query string
		code  string
	}{
		"a row of nobody": {"select 'x' || item as item, n, what from line where item in (:ids)", "load.unknown-part"},
		"a row of null":   {"select null as item, n from line where item in (:ids)", "load.unknown-part"},
	} {
		if _, err := lines(t, e, c.query, false).Next(t.Context()); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := lines(t, e, "select item, n, what from line where item in (:ids)", false).broken(&Part{Name: "lines"}, fault.New(fault.Config, "query.invalid", "no number")); err.Error() != "part lines, whose :ids are values of id: no number" {
		t.Errorf("says %v", err)
	}
	r := lines(t, e, "select item, n, what from line where item in (:ids)", true)
	var wrong, one, none int
	for {
		page, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range page.Records {
			switch {
			case rec.Broken != nil:
				wrong++
			case rec.Slots[2] == nil:
				none++
			default:
				one++
			}
		}
	}
	if wrong != 2400 || one != 300 || none != 300 {
		t.Errorf("%d wrong, %d with one, %d without", wrong, one, none)
	}
	r = lines(t, e, "select item, n, what from line where item in (:ids)", true)
	r.parts[0].Of = &catalog.Schema{Fields: append([]catalog.Field{{Name: "more"}}, r.parts[0].Of.Fields...)}
	if _, err := r.Next(t.Context()); fault.CodeOf(err) != "source.changed" {
		t.Errorf("other fields than planned: %v", err)
	}
}
