package cli

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// tables is a hash of every row of every table of the ledger's file.
func (p *place) tables() map[string]string {
	p.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(".godwit", "ledger.db")+"?mode=ro")
	p.must(err)
	defer db.Close()
	all := map[string]string{}
	names, err := db.QueryContext(p.Context(), "SELECT name FROM sqlite_schema WHERE type = 'table'")
	p.must(err)
	var list []string
	for names.Next() {
		var name string
		p.must(names.Scan(&name))
		list = append(list, name)
	}
	p.must(names.Err())
	for _, name := range list {
		rows, err := db.QueryContext(p.Context(), fmt.Sprintf("SELECT * FROM %q", name))
		p.must(err)
		columns, err := rows.Columns()
		p.must(err)
		h := sha256.New()
		for rows.Next() {
			values := make([]any, len(columns))
			at := make([]any, len(columns))
			for i := range values {
				at[i] = &values[i]
			}
			p.must(rows.Scan(at...))
			fmt.Fprintln(h, values...)
		}
		p.must(rows.Err())
		all[name] = fmt.Sprintf("%x", h.Sum(nil))
	}
	return all
}

// Looking at records a thousand times leaves every table as it is, in the same
// order.
func TestLooking(t *testing.T) {
	p := newPlace(t)
	p.shop()
	looks := []string{"dead stats shop-1", "dead list shop-1", "dead show shop-1 1 --source --sent", "issues list shop-1 --each", "record customers/2",
		"redrive shop-1 --dry-run", "dead dismiss shop-1 2 --reason test --dry-run", "runs", "status shop-1", "report shop-1 --json"}
	said := map[string]string{}
	for _, look := range looks {
		said[look] = p.says(0, strings.Fields(look)...)
	}
	before := p.tables()
	if len(before) < 10 {
		t.Fatalf("%d tables", len(before))
	}
	for range 100 {
		for _, look := range looks {
			if now := p.says(0, strings.Fields(look)...); now != said[look] && !strings.HasPrefix(look, "report") {
				t.Fatalf("godwit %s says something else by now:\n%s\n%s", look, said[look], now)
			}
		}
	}
	after := p.tables()
	for name, sum := range before {
		if after[name] != sum {
			t.Errorf("looking changed table %s", name)
		}
	}
	p.says(0, "dead", "dismiss", "shop-1", "2", "--reason", "it is no look")
	if p.tables()["exception"] == before["exception"] {
		t.Error("a change is not seen: the test tests nothing")
	}
}
