package expression

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/expression/path"
	"godwit/internal/record"
)

func open(path.Path) (t catalog.Type, problem, next string) { return t, "", "" }

var answering = Scope{
	Roots: map[string]Root{"doc": open, "create": open},
	Names: map[string]catalog.Type{"key": {Kind: catalog.KindText}},
	Env:   map[string]any{"inputs": map[string]any{"client": "north"}},
}

func TestFill(t *testing.T) {
	t.Parallel()
	docs := map[string]any{"doc": record.Object{"n": int64(7), "list": []any{int64(1)}, "none": nil, "path": "a/b;c"}, "create": record.Object{"id": "A-1"}, "key": "k 1"}
	for name, c := range map[string]struct{ value, want any }{
		"text as it is":         {"plain", "plain"},
		"whole keeps its type":  {"${doc.n}", int64(7)},
		"a list stays one":      {"${doc.list}", []any{int64(1)}},
		"whole may be null":     {"${doc.none}", nil},
		"in a text":             {"n ${doc.n} of ${inputs.client}", "n 7 of north"},
		"two of them":           {"${doc.n}${create.id}", "7A-1"},
		"escaped":               {"$${doc.n}", "${doc.n}"},
		"other values":          {true, true},
		"mapping and list":      {record.Object{"a": "${key}", "b": []any{"${doc.n}", nil, record.Decimal("1.50")}}, record.Object{"a": "k 1", "b": []any{int64(7), nil, record.Decimal("1.50")}}},
		"braces in the own way": {`${{"a": doc.n}.a}`, int64(7)},
	} {
		tpl, problems := NewTemplate(c.value, "body", answering)
		if len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
			continue
		}
		got, err := NewMachine(answering.Env).Fill(tpl, docs)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %#v, %v; want %#v", name, got, err, c.want)
		}
	}
	tpl, _ := NewTemplate("/a/${doc.path}", "request", answering)
	if got, err := NewMachine(nil).FillText(tpl, docs, url.PathEscape); got != "/a/a%2Fb%3Bc" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

func TestFillFails(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"x ${doc.none}":    "body: ${doc.none} is null",
		"x ${doc.missing}": "is null",
		"${doc.a + 1}":     "body: null beside +",
	} {
		tpl, problems := NewTemplate(value, "body", answering)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if got, err := NewMachine(nil).Fill(tpl, map[string]any{"doc": record.Object{"none": nil}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %s", value, got, err, want)
		}
	}
	for _, value := range []any{"${nothing}", "${doc.n", record.Object{"a": []any{"${1 +}"}}} {
		if _, problems := NewTemplate(value, "body", answering); len(problems) != 1 || !strings.HasPrefix(problems[0].Text, "body") {
			t.Errorf("%v: %v", value, problems)
		}
	}
}
