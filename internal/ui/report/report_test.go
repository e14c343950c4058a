package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func render(t *testing.T, r Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("GODWIT_KEEP_REPORT"); dir != "" {
		name := filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+".html")
		if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestReportIsComplete(t *testing.T) {
	t.Parallel()
	page := render(t, sample())
	for _, must := range []string{
		"finished with 9 dead letters and 2 unexplained differences", "warehouse-7", "flows/warehouse.yaml", "9f3c1e",
		"Done more than once", "reconcile sales.orders", "hr_emea.photo", "NOT VERIFIED", "mover may not SELECT on new", "Sat 07:35:00",
		"<td class=\"good\">yes</td>", "Why not", "under 1 %", "7 applied by redrive-1", "ALTER TABLE, then redrive", "99120332", "Issues by rule", "fill it in", "pid 4711", "TRIGGER hr_emea.payslip_audit", "workers 5 to 8", "sales.event index event_day_idx", "<svg", "fingerprint",
	} {
		if !strings.Contains(page, must) {
			t.Errorf("lacks %q", must)
		}
	}
	if i, j := strings.Index(page, "<td class=\"name\">sales.orders</td><td class=\"bad\">differs</td>"), strings.Index(page, "<td class=\"name\">sales.part_00</td><td class=\"good\">equal</td>"); i < 0 || j < i {
		t.Error("what differs does not stand before what is equal")
	}
}

func TestSameReportSameBytes(t *testing.T) {
	t.Parallel()
	first := render(t, sample())
	if second := render(t, sample()); first != second {
		t.Error("the same report gave other bytes")
	}
}

var attributes = regexp.MustCompile(`(?i)\s(src|href|action|style|on[a-z]+|data|poster|srcset|background)\s*=\s*"([^"]*)"`)

// The file loads nothing and runs nothing but its own style and script, whose
// hashes stand in the policy.
func TestNothingFromOutside(t *testing.T) {
	t.Parallel()
	page := render(t, sample())
	policy := html.UnescapeString(regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)[1])
	if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") {
		t.Error(policy)
	}
	for _, element := range []string{"style", "script"} {
		found := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(page, -1)
		if len(found) != 1 {
			t.Fatalf("%d %s elements", len(found), element)
		}
		sum := sha256.Sum256([]byte(found[0][1]))
		if want := element + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
			t.Errorf("%s lacks %s", policy, want)
		}
	}
	for _, m := range attributes.FindAllStringSubmatch(page, -1) {
		if strings.ToLower(m[1]) != "href" || !strings.HasPrefix(m[2], "#") {
			t.Errorf("attribute %s", m[0])
		}
	}
	for _, bad := range []string{"http://", "https://", "//www", "@import", "url(", "<link", "<img", "<iframe"} {
		if strings.Contains(page, bad) {
			t.Errorf("has %q", bad)
		}
	}
	for _, m := range attributes.FindAllStringSubmatch(page, -1) {
		if id := strings.TrimPrefix(m[2], "#"); !strings.Contains(page, `id="`+id+`"`) {
			t.Errorf("link to %s leads nowhere", m[2])
		}
	}
	if len(script) > 4096 {
		t.Errorf("the script has %d bytes", len(script))
	}
}

const hostile = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e`${x}` {{.}} \x00\x1b[2J"

func hostileReport(rows int) Report {
	r := sample()
	r.Verdict.Run, r.Verdict.Flow, r.Verdict.Actor, r.FlowText = hostile, hostile, hostile, hostile
	r.Verdict.LeftBehind = []string{hostile}
	r.Steps[0].Name, r.Steps[0].State = hostile, hostile
	r.Waits[0].Statement = hostile
	r.NotLoaded.Owners[1].Name, r.NotLoaded.Owners[1].Issues[0].Key, r.NotLoaded.Known[1].Note = hostile, hostile, hostile
	r.Verdict.Of, r.NotLoaded.Causes[0].Text, r.NotLoaded.Causes[0].Examples[0].Key, r.NotLoaded.Issues[0].Fix = hostile, hostile, hostile, hostile
	r.Events = nil
	for i := range rows {
		r.Events = append(r.Events, Event{int64(i), began, "error", hostile})
	}
	return r
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{3, domRows + 1} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			t.Parallel()
			page := render(t, hostileReport(rows))
			if n := strings.Count(page, "<script"); rows > domRows && n != 2 || rows <= domRows && n != 1 {
				t.Errorf("%d script elements", n)
			}
			for _, bad := range []string{"<img", "\u202e", "\x1b", "\x00", "onerror=alert(2)>"} {
				if strings.Contains(page, bad) {
					t.Errorf("has %q", bad)
				}
			}
		})
	}
}

// A table of many rows stands in the page as data; what is read back from it
// is what was put in.
func TestBigTable(t *testing.T) {
	t.Parallel()
	page := render(t, hostileReport(domRows+500))
	m := regexp.MustCompile(`(?s)<script type="application/json" id="events-rows">(.*?)</script>`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("the rows are not there")
	}
	var rows [][]any
	if err := json.Unmarshal([]byte(m[1]), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != domRows+500 {
		t.Errorf("%d rows", len(rows))
	}
	if got, want := rows[7][3], strings.ReplaceAll(hostile, "\u202e", "\ufffd"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := strings.Count(page, "<td>error</td>"); got != firstRows {
		t.Errorf("%d rows are shown without the script", got)
	}
}

func TestAccountsThatDoNotClose(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Verdict.Exit = 0
	r.Accounts[0].Applied-- // one row lost here
	r.Accounts[1].Applied++ // and one too many there: the sums agree
	page := render(t, r)
	for _, must := range []string{"failed: the accounts do not close", "do not close", `<td class="bad">NO</td>`, `<h1 class="bad">`} {
		if !strings.Contains(page, must) {
			t.Errorf("lacks %q", must)
		}
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	clean := sample()
	clean.Verdict.Exit = 0
	clean.Accounts, clean.Proof, clean.Differences, clean.Compared = clean.Accounts[:30], clean.Proof[:30], nil, nil
	clean.NotLoaded = nil
	unverified := clean
	unverified.Proof = nil
	left := clean
	left.Verdict.LeftBehind = []string{"mark table godwit.mark"}
	for _, c := range []struct {
		name  string
		r     Report
		words []string
	}{
		{"clean", clean, []string{"done", "close", "equal", "nothing"}},
		{"unverified", unverified, []string{"done", "close", "not verified", "nothing"}},
		{"left", left, []string{"done", "close", "equal", "1 thing"}},
		{"sample", sample(), []string{"finished", "close", "differs", "nothing"}},
	} {
		var words []string
		for _, b := range newPage(c.r).boxes() {
			words = append(words, b.Word)
		}
		if diff := cmp.Diff(c.words, words); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	if got := clean.Headline(); got != "done: all accounted for" {
		t.Error(got)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Differences = append(r.Differences,
		Difference{"a,b", "extra", "=1+2", "-x", "two\nlines"}, Difference{"@a", "missing", `"q"`, "+1", "ü"})
	dir := filepath.Join(t.TempDir(), "deep", "csv")
	names, err := CSV(dir, r)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != len(Tables(r)) {
		t.Errorf("%d files", len(names))
	}
	b, err := os.ReadFile(filepath.Join(dir, "differences.csv"))
	if err != nil {
		t.Fatal(err)
	}
	want := "\ufeffkey,table,what,column,difference\r\n" +
		"id=7110332,sales.orders,changed,\"status, updated_at\",2 columns differ\r\n" +
		"id=7110333,sales.orders,changed,\"status, updated_at\",2 columns differ\r\n" +
		"'=1+2,\"a,b\",extra,'-x,\"two\r\nlines\"\r\n" +
		"\"\"\"q\"\"\",'@a,missing,'+1,ü\r\n"
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
	b, err = os.ReadFile(filepath.Join(dir, "accounts.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := rows[len(rows)-1]; got[3] != "8811930" || got[len(got)-2] != "1900000000" {
		t.Errorf("numbers are not plain: %v", got)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := JSON(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), back); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(b.String(), `"closes": true`) {
		t.Error("JSON does not say whether accounts close")
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestWriterFails(t *testing.T) {
	t.Parallel()
	if HTML(closed{}, sample()) == nil || JSON(closed{}, sample()) == nil || WriteCSV(closed{}, Tables(sample())[0]) == nil {
		t.Error("the writer's error is lost")
	}
}
