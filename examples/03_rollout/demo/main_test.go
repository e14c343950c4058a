package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"godwit/rig/built"
	"godwit/rig/demo"
	"godwit/rig/mariadb"
	"godwit/rig/newsys"

	"github.com/google/go-cmp/cmp"
)

// planted is every fault of source/faults_*.sql, and what waits for them: entity, key,
// outcome, and the rule, field and value, or what the new system says.
const planted = `
assignment 10323 rejected lookup status "X"
assignment 10525 dead POST /assignments: 422 Unprocessable Entity: title must not be empty
assignment 10673 pending group group 10323
assignment 10675 pending group group 10525
assignment 10698 pending group group 10323
assignment 10723 pending group group 10323
assignment 10748 pending group group 10323
assignment 10798 pending group group 10323
assignment 10824 rejected dates_ordered plannedTo "1998-02-06T16:00:00Z"
assignment 10873 pending group group 10323
assignment 10875 pending group group 10525
assignment 10900 pending group group 10525
assignment 10950 pending group group 10525
assignment 11024 pending group group 10824
assignment 11048 rejected one_id externalId "A-10248"
assignment 11049 pending group group 10824
assignment 11050 pending group group 10525
assignment 11075 pending group group 10525
document 10276 dead POST /assignments/ID/documents: 200 OK, and it is no success: a document of this kind is not kept
document 10324 dead call upload: multipart.file: open "2/10324.txt" of archive: openat 2/10324.txt: no such file or directory
document 10748 pending ref assignmentId 10748
document 10824 pending ref assignmentId 10824
document 10900 pending ref assignmentId 10900
document 11024 pending ref assignmentId 11024
document 11048 pending ref assignmentId 11048
`

// TestShow is the whole demo with five databases: every fault is named, and when all
// is mended the new system holds what plain SQL says of the old ones.
func TestShow(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := testDemo(t, &out)
	var told []string
	r.after = func(both *demo.Pair, args []string) {
		told = append(told, strings.Join(args, " "))
		switch {
		case len(told) == 1:
			r.named(t, runID)
			if v := r.verdict(t); len(v.Changed)+len(v.Disorder)+len(v.Duplicates) > 0 {
				t.Errorf("behind the first run: %+v", v)
			}
		case args[0] == "redrive": // what was rejected, refused, and what stood behind it: in the order of each project
			if v := r.verdict(t); len(v.Disorder)+len(v.Duplicates) > 0 {
				t.Errorf("behind the redrive: %q %q", v.Disorder, v.Duplicates)
			}
		case args[0] == "ledger":
			r.same(t, both)
			r.proved(t, both)
		}
	}
	code, err := r.show(t.Context())
	if code != 0 || err != nil || t.Failed() {
		t.Fatalf("exit code %d, %v:\n%s", code, err, &out)
	}
	for _, want := range []string{"run rollout", "dead list", "redrive", "run rollout --set only_planboards=true", "ledger check"} {
		if !slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("%s was not shown", want)
		}
	}
	for _, text := range []string{"failed: flow.missing", "0 breaches.", "says the new system: 0, and 10 to settings", "The report: " + r.Report()} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q was not said:\n%s", text, &out)
		}
	}
}

// TestLines: a verdict that is not clean is no clean line.
func TestLines(t *testing.T) {
	t.Parallel()
	bad := func(v newsys.Verdict) (list []string) {
		for _, l := range lines(v) {
			if !l.good {
				list = append(list, l.what)
			}
		}
		return list
	}
	one := []string{"x"}
	if got := bad(newsys.Verdict{Busiest: rate + late, Concurrency: concurrency, Open: concurrency + 2}); got != nil {
		t.Errorf("%q", got)
	}
	if got := bad(newsys.Verdict{Duplicates: one, Disorder: one, Unfinished: one, Changed: one, Busiest: rate + late + 1, Concurrency: concurrency + 1, Open: concurrency + 3}); len(got) != 7 {
		t.Errorf("%q", got)
	}
}

// testDemo is a demo in a folder of its own.
func testDemo(t *testing.T, out *bytes.Buffer) *rollout {
	t.Helper()
	if _, err := exec.LookPath("mariadbd"); err != nil && os.Getenv("GODWIT_MARIADB") != "must" {
		t.Skip(mariadb.ErrNotInstalled)
	}
	godwit, err := built.Program("godwit-plain", "./cmd/godwit")
	if err != nil {
		t.Fatal(err)
	}
	r, err := parse([]string{"-godwit", godwit, "-databases", "5"}, out)
	if err != nil {
		t.Fatal(err)
	}
	r.Folder = t.TempDir()
	return r
}

func (r *rollout) verdict(t *testing.T) newsys.Verdict {
	t.Helper()
	v, err := r.target.verdict(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// named compares the exceptions of all projects of some runs with the faults.
func (r *rollout) named(t *testing.T, runs ...string) {
	t.Helper()
	var got []string
	for _, run := range runs {
		var list struct {
			Exceptions []struct {
				Entity, Key, Outcome, Text string
				Issues                     []struct{ Rule, Field, Value string }
			}
		}
		if err := r.said(&list, "dead", "list", run, "--limit", "0"); err != nil {
			t.Fatal(err)
		}
		for _, e := range list.Exceptions {
			line := fmt.Sprint(e.Entity, " ", e.Key, " ", e.Outcome)
			if e.Outcome == "dead" {
				line += " " + anyID.ReplaceAllString(e.Text, "/assignments/ID/")
			}
			for _, i := range e.Issues {
				line += fmt.Sprint(" ", i.Rule, " ", i.Field, " ", i.Value)
			}
			got = append(got, line)
		}
	}
	slices.Sort(got)
	if d := cmp.Diff(planted, "\n"+strings.Join(got, "\n")+"\n"); d != "" {
		t.Errorf("exceptions (-planted +named):\n%s", d)
	}
}

// same compares what the new system holds with what plain SQL makes of the old
// databases' source. Nothing of godwit's has a part in it.
func (r *rollout) same(t *testing.T, both *demo.Pair) {
	t.Helper()
	var objects struct {
		Assignments, Annotations, Projects, Resources []map[string]any
		Documents                                     []newsys.Document
	}
	if err := r.target.ask(t.Context(), "/objects", &objects); err != nil {
		t.Fatal(err)
	}
	project := map[any]any{}
	for _, p := range objects.Projects {
		project[p["id"]] = p["externalId"]
	}
	resource := map[any]any{}
	for _, p := range objects.Resources {
		resource[p["id"]] = p["externalId"]
	}
	var got []string
	for _, a := range objects.Assignments {
		contact := a["contacts"].([]any)[0].(map[string]any)
		got = append(got, fmt.Sprintf("%v|%v|%v|%v|%v|%v|%.2f|%v|%v|%v", a["externalId"], project[a["projectId"]], resource[a["resourceId"]], a["title"], a["status"],
			fmt.Sprint(a["plannedFrom"])[:10], a["costs"], a["urgent"], a["notes"], contact["name"]))
	}
	slices.Sort(got)
	want := column(t, both.From(), `select concat_ws('|', a.external_id, p.code, r.code, case a.assignment_id when 10525 then short_title else regexp_replace(trim(title), '\s+', ' ', 'g') end,
			case status_code when 'O' then 'open' when 'P' then 'planned' else 'done' end,
			case a.assignment_id when 10824 then left(date_to, 10) else left(date_from, 10) end, costs, (urgent = 'J')::text, (select count(*) from legacy.note n where n.assignment_id = a.assignment_id), c.name)
		from legacy.assignment a join legacy.project p using (project_id) join legacy.resource r using (resource_id) join legacy.contact c using (assignment_id) where a.db <= 5`)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("assignments (-old +new):\n%.3000s", d)
	}
	for what, n := range map[string][2]int{
		"legacy.note": {len(objects.Annotations)}, "legacy.document": {len(objects.Documents)}, "legacy.project": {len(objects.Projects)}, "legacy.resource": {len(objects.Resources)},
	} {
		if want := len(column(t, both.From(), "select db::text from "+what+" where db <= 5")); n[0] != want {
			t.Errorf("%s: %d, want %d", what, n[0], want)
		}
	}
	slots := "select concat_ws('|', %s, assignment_id, %s, hours::numeric(4,1)) from %s"
	old := column(t, both.From(), fmt.Sprintf(slots, "'S-' || slot_id", "day", "legacy.planboard where db <= 5"))
	if d := cmp.Diff(old, column(t, both.To(), fmt.Sprintf(slots, "external_id", "day", "planboard.slot"))); d != "" {
		t.Errorf("slots (-old +new):\n%.2000s", d)
	}
}

// proved compares what was read back of the new system with what is at the source.
func (r *rollout) proved(t *testing.T, both *demo.Pair) {
	t.Helper()
	var list struct{ Runs []struct{ Run string } }
	if err := r.said(&list, "runs", "--limit", "0"); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, run := range list.Runs {
		if !strings.HasPrefix(run.Run, "project_") {
			continue
		}
		cmd := exec.Command(r.Godwit, "report", run.Run, "--json", "--ledger", r.Ledger())
		cmd.Dir = r.Project
		text, err := cmd.Output()
		var report struct {
			Proof []struct {
				Entity, Result string
				Rows           int
			}
		}
		if err != nil || json.Unmarshal(text, &report) != nil {
			t.Fatalf("%v: %.1000s", err, text)
		}
		for _, p := range report.Proof {
			if got[p.Entity] += p.Rows; p.Result != "equal" {
				t.Errorf("%s is %s", p.Entity, p.Result)
			}
		}
	}
	want := map[string]int{}
	for entity, table := range map[string]string{"target.assignment": "assignment", "target.assignment/note": "note", "target.document": "document"} {
		want[entity] = len(column(t, both.From(), "select db::text from legacy."+table+" where db <= 5"))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("read back (-there +proved):\n%s", d)
	}
}

// column is a sorted column of texts.
func column(t *testing.T, url, sql string) (list []string) {
	t.Helper()
	var text string
	if err := demo.Ask(context.Background(), url, "select coalesce(string_agg(v, e'\\n' order by v collate \"C\"), '') from ("+sql+") q(v)", &text); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

var anyID = regexp.MustCompile(`/assignments/\d+/`)
