package inspection

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/catalog"
	"godwit/internal/ui/view/viewtest"
)

func TestInspection(t *testing.T) {
	t.Parallel()
	name := func(s, o string) catalog.Name { return catalog.Name{Schema: s, Object: o} }
	db := &catalog.Database{System: "postgres", Version: "15.18", Name: "shop", Bytes: 3_100_000, Schemas: []string{"hr", "sales"},
		Tables: []catalog.Table{
			{Name: name("hr", "payslip"), Kind: catalog.Plain, Rows: -1, Bytes: 100_000, Columns: make([]catalog.Column, 2)},
			{Name: name("sales", "orders"), Kind: catalog.Plain, Rows: 120_000, Bytes: 3_000_000, Key: []string{"id"}, Columns: make([]catalog.Column, 3)},
		},
		Sequences: []catalog.Name{name("sales", "orders_id_seq")},
		Others:    []catalog.Object{{Kind: "VIEW", Name: name("sales", "v")}, {Kind: "VIEW", Name: name("sales", "w")}},
		LeftOut:   []catalog.Name{name("tmp", "x")},
	}
	for tables, want := range map[bool]string{
		false: `old  postgres 15.18  shop  2 tables in 2 schemas, 3.1 MB

schema  tables  rows, about    size  without key
sales        1      120,000  3.0 MB            0
hr           1            0  100 kB            1  1 never analysed

also    1 sequence, 2 views
left out by the selection: 1 table
`,
		true: `old  postgres 15.18  shop  2 tables in 2 schemas, 3.1 MB

table         rows, about    size  columns  key
sales.orders      120,000  3.0 MB        3  id
hr.payslip        unknown  100 kB        2  none: verified as a multiset

also    1 sequence, 2 views
left out by the selection: 1 table
`,
	} {
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(viewtest.Text(Inspection{"old", db, tables}), "\n")); diff != "" {
			t.Error(diff)
		}
	}
}
