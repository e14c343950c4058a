package catalog

import (
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, schema, object string
		want                    bool
	}{
		{"sales.orders", "sales", "orders", true},
		{"sales.orders", "sales", "order", false},
		{"sales.*", "sales", "", true},
		{"sales", "sales", "orders", true},
		{"*.*", "a", "b", true},
		{"s?les.o*s", "sales", "orders", true},
		{"*.a*b*c", "x", "aXXbYYc", true},
		{"*.a*b*c", "x", "aXXcYYb", false},
		{`"odd.schema"."t.a.b"`, "odd.schema", "t.a.b", true},
		{`"odd.schema".*`, "odd.schema", "x", true},
		{`s."a""b"`, "s", `a"b`, true},
		{"s.ä?", "s", "äö", true},
		{"Sales.*", "sales", "orders", false},
	} {
		p, err := ParsePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := p.Match(Name{c.schema, c.object}); got != c.want {
			t.Errorf("%s matches %s.%s: %v, want %v", c.pattern, c.schema, c.object, got, c.want)
		}
	}
	for _, bad := range []string{"", ".", "a.", ".b", "a.b.c", `"a.b`, `a"b.c`} {
		if _, err := ParsePattern(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestParseName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Name{
		"sales.orders": {"sales", "orders"}, "orders": {"", "orders"}, `"a.b"."c""d"`: {"a.b", `c"d`}, "s.*": {"s", "*"},
	} {
		if got, err := ParseName(text); err != nil || got != want {
			t.Errorf("%s: %v %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "a.b.c", "a.", `"a`} {
		if got, err := ParseName(text); err == nil {
			t.Errorf("%q is taken: %v", text, got)
		}
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	a := Name{"s", "a*"}
	for _, c := range []struct {
		sel  Selection
		name Name
		want bool
	}{{Only(), a, false}, {Only(a), a, true}, {Only(a), Name{"s", "b"}, false}} {
		if got := c.sel.Match(c.name); got != c.want {
			t.Errorf("%v selects %v: %v", c.sel, c.name, got)
		}
	}
	if unused := Only(a).Unused(nil); len(unused) > 0 {
		t.Errorf("%v must be there", unused)
	}
}

func TestSelection(t *testing.T) {
	t.Parallel()
	s, err := ParseSelection([]string{"sales.*", "hr.pay*", "nosuch.*"}, []string{"*.tmp_*", "sales.old"})
	if err != nil {
		t.Fatal(err)
	}
	names := []Name{{"sales", "orders"}, {"sales", "old"}, {"sales", "tmp_1"}, {"hr", "payslip"}, {"hr", "person"}}
	want := []bool{true, false, false, true, false}
	for i, n := range names {
		if got := s.Match(n); got != want[i] {
			t.Errorf("%s selected: %v, want %v", n, got, want[i])
		}
	}
	unused := s.Unused(names)
	if len(unused) != 1 || unused[0].String() != "nosuch.*" {
		t.Errorf("unused %v, want nosuch.*", unused)
	}
	if s.Whole("sales") || s.Whole("hr") || !(Selection{}).Whole("any") {
		t.Error("whole schemas are not told from parts of them")
	}
	if _, err := ParseSelection([]string{"a.b.c"}, []string{""}); err == nil || !strings.Contains(err.Error(), "a.b.c") {
		t.Errorf("both errors at once: %v", err)
	}
}

// A name written as people write it reads back as a pattern for exactly it.
func FuzzNameReadsBack(f *testing.F) {
	for _, s := range []string{"a", "a.b", `a"b`, "a b", "*", "?", "Ä", "\n", `"`, `""`, ".."} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, schema, object string) {
		if schema == "" || object == "" || strings.ContainsAny(schema+object, "*?") {
			return
		}
		n := Name{schema, object}
		p, err := ParsePattern(n.String())
		if err != nil {
			t.Fatalf("%s: %v", n, err)
		}
		if !p.Match(n) || p.Match(Name{schema + "x", object}) || p.Match(Name{schema, object + "x"}) {
			t.Fatalf("%s does not read back as itself", n)
		}
	})
}
