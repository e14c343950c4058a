package bindings

import (
	"strings"
	"testing"

	"godwit/internal/fault"

	"github.com/google/go-cmp/cmp"
)

func knows(names ...string) func(string) bool {
	return func(name string) bool {
		for _, n := range names {
			if n == name {
				return true
			}
		}
		return false
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, sql, names string }{
		{"a = :a", "a = $1", "a"},
		{"a = :a and b = :b or c = :a", "a = $1 and b = $2 or c = $1", "a b"},
		{"':a' || :a || \":a\"", "':a' || $1 || \":a\"", "a"},
		{"'it''s :a' || :a", "'it''s :a' || $1", "a"},
		{`E'it\':a' || :a`, `E'it\':a' || $1`, "a"},
		{"E'a'\n  -- it's\n 'b\\':a' || :a", "E'a'\n  -- it's\n 'b\\':a' || $1", "a"},
		{`'a\' || :a`, `'a\' || $1`, "a"},
		{`value'a\' || :a`, `value'a\' || $1`, "a"},
		{"$$ :a $$ || $x$ :a $$ $x$ || :a", "$$ :a $$ || $x$ :a $$ $x$ || $1", "a"},
		{"a$b$c || :a || $b$c", "a$b$c || $1 || $b$c", "a"},
		{"1 -- :a\n + :a", "1 -- :a\n + $1", "a"},
		{"1 /* :a /* :a */ :a */ + :a", "1 /* :a /* :a */ :a */ + $1", "a"},
		{"x::int + :a::int", "x::int + $1::int", "a"},
		{"f(b := 1, c := :a)", "f(b := 1, c := $1)", "a"},
		{"x[1:n] || x[:a] || x[(:a)]", "x[1:n] || x[:a] || x[($1)]", "a"},
		{"array[:a, :b] || ARRAY[[:a], [x[1:b]]]", "array[$1, $2] || ARRAY[[$1], [x[1:b]]]", "a b"},
		{":a.b.c + :a", "$1.c + $2", "a.b a"},
		{"a = :a ; ; -- end :b\n", "a = $1", "a"},
		{"select 1; select :a", "select 1; select $1", "a"},
		{"12:a", "12$1", "a"},
		{"", "", ""},
	} {
		got, err := Parse(c.in, knows("a", "b", "a.b"))
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got.SQL != c.sql || strings.Join(got.Names, " ") != c.names {
			t.Errorf("%s\n is %s (%v)\nwant %s (%s)", c.in, got.SQL, got.Names, c.sql, c.names)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for in, at := range map[string]string{
		"a = 'ü'\n and b = :none": "line 2, column 10", "é :no.pe": "line 1, column 3", "a = $1": "line 1, column 5",
	} {
		_, err := Parse(in, knows("a"))
		f := fault.Of(err)
		if f.Code != "query.invalid" || len(f.Lines) != 1 || f.Lines[0].Text != at {
			t.Errorf("%q: %v %v, want it at %s", in, err, f.Lines, at)
		}
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	in := "a :long_name b\n:a c"
	got, err := Parse(in, knows("long_name", "a"))
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string][2]int{"a ": {1, 1}, "$1": {1, 3}, "b": {1, 14}, "$2": {2, 1}, "c": {2, 4}} {
		line, column := got.Place(strings.Index(got.SQL, what))
		if diff := cmp.Diff(want, [2]int{line, column}); diff != "" {
			t.Errorf("%q: %s", what, diff)
		}
	}
}

// pieces are what a statement is made of, and what becomes of each: the oracle
// of FuzzParse. Signs between them keep strings on several lines apart.
var pieces = []struct{ in, out string }{
	{":a", "$1"}, {":b", "$2"}, {"'x:a'", ""}, {"'it''s :a'", ""}, {`'\'`, ""}, {`E'\' :a'`, ""}, {`e'\\'`, ""}, {"\":a\"\"\"", ""},
	{"$$ ' :a $$", ""}, {"$q$ $$ :a $q$", ""}, {"-- ' :a\n", ""}, {"/* ' /* :a */ $$ */", ""}, {"::int", ""}, {"x[1:a]", ""}, {"x[:a]", ""},
	{"array[:a,:b]", "array[$1,$2]"}, {"x[(:a)]", "x[($1)]"}, {"f(p := 1)", ""}, {"a$b", ""}, {"1.5e3", ""}, {"(", ""}, {")", ""},
	{"<> -", ""}, {"U&'\\0041'", ""}, {"B'01'", ""}, {"é", ""}, {":", ""},
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{0, 2, 5, 9, 10, 14, 15})
	f.Add([]byte{1, 16, 17, 18, 20, 0, 21, 26, 4, 6})
	f.Fuzz(func(t *testing.T, picks []byte) {
		// Both names first, so that their numbers are known.
		in, want := ":a :b .", "$1 $2 ."
		for _, p := range picks {
			piece := pieces[int(p)%len(pieces)]
			out := piece.out
			if out == "" {
				out = piece.in
			}
			in, want = in+" + "+piece.in, want+" + "+out
		}
		got, err := Parse(in+" .", knows("a", "b"))
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		if got.SQL != want+" ." {
			t.Errorf("%s\n is %s\nwant %s .", in, got.SQL, want)
		}
	})
}

// FuzzNothing proves that any text is read to its end, and that one without a
// known name stays as it is but for its end.
func FuzzNothing(f *testing.F) {
	f.Add("select 'a' /* ; */ ; ")
	f.Fuzz(func(t *testing.T, in string) {
		got, err := Parse(in, func(string) bool { return false })
		if err == nil && !strings.HasPrefix(in, got.SQL) {
			t.Errorf("%q became %q", in, got.SQL)
		}
	})
}
