package flow

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/work/action"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the expected files anew")

const twoConnections = "connections: {old: {postgres: {host: a}}, new: {postgres: {host: b}}}\n"

// TestBroken reads what users get wrong and compares every diagnostic with the
// case's file want. A case of testdata/broken is the files CASE/godwit.yaml,
// flow.yaml, other files by their path, set (NAME=TEXT lines), env and want.
func TestBroken(t *testing.T) {
	archives, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range archives {
		members := readArchive(t, path)
		cases := map[string]map[string]string{}
		for _, m := range members {
			name, file, _ := strings.Cut(m.name, "/")
			if cases[name] == nil {
				cases[name] = map[string]string{}
			}
			cases[name][file] = m.text
		}
		for i, m := range members {
			name, file, _ := strings.Cut(m.name, "/")
			if file != "want" {
				continue
			}
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+name, func(t *testing.T) {
				lang := language()
				if strings.HasPrefix(filepath.Base(path), "records") {
					lang = records()
				}
				if strings.HasPrefix(filepath.Base(path), "wa") {
					lang.Verbs = append(lang.Verbs, action.Verb(), WaitVerb(), ApproveVerb())
				}
				members[i].text = diagnose(t, cases[name], lang)
				if d := cmp.Diff(m.text, members[i].text); d != "" && !*update {
					t.Errorf("diagnostics (-want +got):\n%s", d)
				}
			})
		}
		if *update {
			writeArchive(t, path, members)
		}
	}
}

// diagnose loads a case and, when that goes well, binds it.
func diagnose(t *testing.T, files map[string]string, lang Language) string {
	project := map[string]string{"godwit.yaml": twoConnections, "flows/main.yaml": files["flow.yaml"]}
	for name, text := range files {
		if strings.Contains(name, ".") && name != "flow.yaml" {
			project[name] = text
		}
	}
	dir := write(t, project)
	_, f, ds := Open(filepath.Join(dir, "flows/main.yaml"), lang)
	if len(ds) == 0 {
		inputs := map[string]string{}
		for line := range strings.Lines(files["set"]) {
			name, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			inputs[name] = text
		}
		_, ds = f.Bind(inputs, strings.TrimSpace(files["env"]))
	}
	if len(ds) == 0 {
		t.Error("nothing is wrong with it")
	}
	got := strings.ReplaceAll(shown(ds), dir, "DIR")
	if strings.Contains(got, "CANARY") {
		t.Errorf("a secret is shown:\n%s", got)
	}
	return got
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// shown prints diagnostics with all they carry.
func shown(ds Diagnostics) string {
	var b strings.Builder
	for _, d := range ds {
		fmt.Fprintln(&b, d)
		for _, l := range d.Source {
			fmt.Fprintf(&b, "%5d | %s\n", l.Number, l.Text)
		}
		next := d.Next
		if d.Width > 0 {
			mark := "      | " + strings.Repeat(" ", d.Pos.Column-1) + strings.Repeat("^", d.Width)
			if len(next) > 0 {
				mark, next = mark+" "+next[0], next[1:]
			}
			fmt.Fprintln(&b, mark)
		}
		for _, n := range next {
			fmt.Fprintln(&b, "  next", n)
		}
	}
	return b.String()
}
