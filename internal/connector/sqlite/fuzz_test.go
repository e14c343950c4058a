package sqlite

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// FuzzBind binds names here and lets SQLite bind the same ones by itself: both
// statements must mean the same.
func FuzzBind(f *testing.F) {
	for _, s := range []string{
		":a", "':a', :a || \":a\"", "[:a]", "`:a`", "1 -- :a\n + :a", "1 /* :a ' */ + :a", "'it''s :a'", ":a;", "(:a)) FROM (SELECT 1", "1; DROP TABLE t",
		":a.b", "?1", "@a", "$a", "x'00'", "1 /* open", "'open", "CASE WHEN :a THEN 1 END", "json_extract('{\"a\":1}', '$.a')", ":a::b", ": a", ":1", "#",
	} {
		f.Add(s)
	}
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		f.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	defer db.Close()
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsAny(s, "\x00") || len(s) > 200 {
			return
		}
		text, names, err := grammar.Bind("SELECT "+s, func(n string) bool { return n == "a" })
		if err != nil {
			return
		}
		values := func(sql string, args ...any) string {
			rows, err := db.QueryContext(t.Context(), "SELECT * FROM ("+sql+"\n) AS q LIMIT 3", args...)
			if err != nil {
				return "refused"
			}
			defer rows.Close()
			columns, _ := rows.Columns()
			var all []string
			for rows.Next() {
				slots, into := make([]any, len(columns)), []any{}
				for i := range slots {
					into = append(into, &slots[i])
				}
				if err := rows.Scan(into...); err != nil {
					return "refused"
				}
				all = append(all, fmt.Sprint(slots))
			}
			return strings.Join(all, "\n")
		}
		if strings.Contains(strings.ToLower(s), "random") {
			return
		}
		args := slices.Repeat([]any{any("seven")}, len(names))
		native := strings.TrimRight(strings.TrimSpace("SELECT "+s), ";")
		got := values(text, args...)
		if got == "refused" {
			return // the server has the last word, both ways
		}
		if want := values(native, sql.Named("a", "seven")); got != want && want != "refused" {
			t.Errorf("%q: %s, SQLite itself gives %s", s, got, want)
		}
	})
}
