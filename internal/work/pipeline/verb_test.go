package pipeline

import (
	"strings"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/watermark"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	good := func() *Load {
		l := &Load{From: Source{At: "old", Table: "s.t"}}
		l.To = Target{At: "new", Table: "s.t", Mode: connector.ModeAppend, Gone: "keep"}
		return l
	}
	if p := good().check(); len(p) > 0 {
		t.Fatalf("%v", p)
	}
	for want, change := range map[string]func(*Load){
		"from needs a table, a query, objects or a request": func(l *Load) { l.From.Table = "" },
		"take one of them":                   func(l *Load) { l.From.Query = "select 1" },
		"where belongs to a table":           func(l *Load) { l.From = Source{At: "old", Query: "select 1", Where: "true"} },
		"a load needs to":                    func(l *Load) { l.To = Target{} },
		"to needs a table":                   func(l *Load) { l.To.Table = "" },
		"gone belongs to mode: merge, which": func(l *Load) { l.To.Gone = "delete" },
		"keeps no row that was not read":     func(l *Load) { l.To.Mode, l.To.Gone = connector.ModeReplace, "delete" },
		"gone: mark needs mark":              func(l *Load) { l.To.Mode, l.To.Gone = connector.ModeMerge, "mark" },
		"mark belongs to gone: mark":         func(l *Load) { l.To.Mode, l.To.Mark = connector.ModeMerge, "gone_at" },
		"lookup a: it needs a file":          func(l *Load) { l.Map = &mapping.Map{Lookups: map[string]mapping.Lookup{"a": {}}} },
		"write all of them in one place":     func(l *Load) { l.File, l.Place = &Process{To: l.To}, "flows/a.yaml:3:5" },
		"workers is a number":                func(l *Load) { l.Workers = -1 },
		"since needs an overlap":             func(l *Load) { l.From.Since, l.To.Mode = "at", connector.ModeMerge },
		"mode append would double them":      func(l *Load) { l.From.Since, l.From.Overlap = "at", &watermark.Overlap{} },
		"overlap belongs to since":           func(l *Load) { l.From.Overlap = &watermark.Overlap{} },
		"files are read as they are":         func(l *Load) { l.From = Source{At: "old", Objects: "*.csv", Since: "at"} },
		":since is bound by since":           func(l *Load) { l.From.Since, l.From.With = "at", map[string]string{"since": "inputs.a"} },
		"gone: delete needs all keys":        func(l *Load) { l.From.Since, l.To.Gone = "at", "delete" },
		"is no name of a table":              func(l *Load) { l.To.Table = "a.b.c" },
	} {
		l := good()
		change(l)
		var texts []string
		for _, p := range l.check() {
			texts = append(texts, p.Text)
		}
		if all := strings.Join(texts, "\n"); !strings.Contains(all, want) {
			t.Errorf("want %q in %q", want, all)
		}
	}
}
