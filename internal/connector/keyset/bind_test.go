package keyset

import (
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/sqltext"
)

func TestBind(t *testing.T) {
	t.Parallel()
	lite := Grammar{Grammar: sqltext.Grammar{Backtick: true, Brackets: true}, Numbered: true}
	my := Grammar{Grammar: sqltext.Grammar{Backtick: true, Hash: true, Backslash: true}}
	known := func(n string) bool { return n == "a" || n == "a.b" || n == "x.y.z" }
	for _, c := range []struct {
		g                Grammar
		sql, want, names string
	}{
		{lite, ":a + :a.b + :a.c + :x.y.z", "? + ? + ?.c + ?", "a a.b a x.y.z"},
		{lite, `':a' ":a" [:a] ` + "`:a`" + ` /* :a */ -- :a`, `':a' ":a" [:a] ` + "`:a`" + ` /* :a */ -- :a`, ""},
		{lite, `'\' + :a + '`, `'\' + ? + '`, "a"},
		{my, `'\' + :a + '`, `'\' + :a + '`, ""},
		{my, "1 --:a\n# :a\n-- :a", "1 --?\n# :a\n-- :a", "a"},
		{my, "@x := :a", "@x := ?", "a"},
		{my, "a[:a]", "a[?]", "a"},
		{lite, "1 ; -- done\n;", "1  -- done\n", ""},
		{lite, "'it''s :a' || :a", "'it''s :a' || ?", "a"},
	} {
		got, names, err := c.g.Bind(c.sql, known)
		if err != nil || got != c.want || strings.Join(names, " ") != c.names {
			t.Errorf("%s: %q %v (%v)", c.sql, got, names, err)
		}
	}
	for sql, at := range map[string]string{
		":b": "line 1, column 1", "1;\n2": "line 1, column 2", "\n 1)": "line 2, column 3", "(1": "line 1, column 3", "é ?": "line 1, column 3", "'a' + $1": "line 1, column 7", "@a": "line 1, column 1",
	} {
		_, _, err := lite.Bind(sql, known)
		f := fault.Of(err)
		if f.Code != "query.invalid" || len(f.Lines) != 1 || f.Lines[0].Text != at {
			t.Errorf("%q: %+v, want it at %s", sql, f, at)
		}
	}
}
