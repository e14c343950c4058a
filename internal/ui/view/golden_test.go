package view

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// golden compares with testdata/NAME.txt, the mock-ups of the design.
func golden(t *testing.T, name, got string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

var berlin = func() *time.Location {
	l, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return l
}()

// friday is the evening of the mock-ups; at adds to it.
var friday = time.Date(2026, 11, 20, 20, 0, 0, 0, berlin)

func at(clock string) time.Time {
	t, err := time.ParseInLocation(time.TimeOnly, clock, berlin)
	if err != nil {
		panic(err)
	}
	day := friday
	if t.Hour() < 20 {
		day = day.AddDate(0, 0, 1)
	}
	return time.Date(day.Year(), day.Month(), day.Day(), t.Hour(), t.Minute(), t.Second(), 0, berlin)
}

func minutes(h, m int) time.Duration {
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
}

const gigabyte, terabyte = 1_000_000_000, 1_000_000_000_000

func warehouse() Status {
	now := at("01:12:00")
	return Status{
		Now: now, Run: "warehouse-7", State: "running", Started: friday, Elapsed: minutes(5, 12), Plan: "9f3c1e", Owner: "host1:812",
		Bars: []Bar{
			{Name: "copy", Done: 5310 * gigabyte, Total: 7900 * gigabyte, Bytes: true, Rate: 284e6, Note: "302 of 412 tables"},
			{Name: "index", Done: 371, Total: 1208, Note: "4 building"},
			{Name: "verify", Done: 0, Total: 412, Note: "after copy"},
		},
		Forecast: Forecast{Share: 0.45, Known: true, End: at("07:35:00"), Low: at("07:05:00"), High: at("08:20:00"), Closes: friday.Add(24 * time.Hour)},
		Account:  record.Account{Read: 41_882_310_442, Applied: 41_882_310_371, Dead: 9, Pending: 62, Blocked: 62},
		Waits: []Wait{{Unit: "sales.orders index orders_day_idx", Wait: unit.Wait{On: "new",
			Gate: "lock", Text: "ShareLock on sales.orders", Since: at("01:00:00"),
			Holder:    "pid 4711 on new (app, nightly_report) holds RowExclusiveLock, idle in transaction for 31 m",
			Statement: "UPDATE sales.orders SET status = $1 WHERE id = $2",
			Fix:       []string{"SELECT pg_terminate_backend(4711);"},
		}}},
		Active: []Active{
			{Unit: "sales.event 203", Doing: "copy", Rows: 1_204_551, Rate: 41.2e6, Since: now.Add(-130 * time.Second)},
			{Unit: "sales.event 204", Doing: "copy", Rows: 998_102, Rate: 39.8e6, Since: now.Add(-115 * time.Second)},
			{Unit: "hr_emea.payslip", Doing: "copy 61 %", Rows: 8_811_930, Rate: 22.4e6, Since: now.Add(-662 * time.Second)},
			{Unit: "sales.item", Doing: "index 2/3", Note: "sorting", Since: now.Add(-400 * time.Second)},
			{Unit: "a"}, {Unit: "b"}, {Unit: "c"},
		},
		Counts: Counts{Waits: 1, Active: 8, Dead: 9},
		Last:   "01:09:40 sales.event 198: old reset the connection; attempt 2 of 5 in 8 s; the chunk was not applied",
		Hint:   "ctrl-c: stop at unit borders, resumable", Keys: true,
	}
}

func TestBlockGolden(t *testing.T) {
	t.Parallel()
	golden(t, "block", strings.Join(Block(warehouse(), 100, 50), "\n")+"\n")
}

func TestLostGolden(t *testing.T) {
	t.Parallel()
	s := warehouse()
	s.Now, s.State = at("03:43:31"), "lost"
	s.Forecast = Forecast{Share: 0.62, Known: true, End: at("08:20:00"), Low: at("07:50:00"), High: at("09:30:00")}
	s.Lost = &Lost{Owner: "host1:812", Wrote: at("03:02:31"), Lease: 30 * time.Second, Done: 3107, Units: 4750, InFlight: 8,
		Resume: "godwit resume warehouse-7"}
	golden(t, "lost", text(s))
}

func TestLinesGolden(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	l := NewLines(&b, berlin, false, 0)
	start := warehouse()
	start.Now, start.Forecast.Share = friday, 0
	start.Forecast.End, start.Forecast.Low, start.Forecast.High = at("07:30:00"), at("06:50:00"), at("09:10:00")
	start.Bars[0].Done, start.Bars[0].Rate = 17*gigabyte, 290e6
	start.Counts = Counts{Active: 8}
	index := unit.ID("copy", "index", "sales.orders/orders_day_idx", 1)
	wait := unit.Wait{Gate: "lock", Since: at("01:00:20"), Holder: "pid 4711 (app, nightly_report)"}
	l.Tell(Tell("warehouse-7", unit.Event{Kind: unit.RunStarted, At: friday.UTC(),
		Body: unit.Body(RunStarted{Plan: "9f3c1e", Units: 4750, Bytes: 7900 * gigabyte, Workers: 8})}))
	l.Beat(start)
	start.Now = friday.Add(time.Minute)
	l.Beat(start)
	l.Tell(Tell("warehouse-7", unit.Event{Kind: unit.WaitBegan, At: at("01:00:20"), Unit: index, Body: unit.Body(wait)}))
	l.Tell(Tell("warehouse-7", unit.Event{Kind: unit.WaitOver, At: at("01:19:02"), Unit: index, Body: unit.Body(wait)}))
	l.Tell(Tell("warehouse-7", unit.Event{Kind: unit.UnitDone, At: at("01:19:03"), Unit: index}))
	golden(t, "lines", b.String())
}

func TestPlanGolden(t *testing.T) {
	t.Parallel()
	destroyed := []Named{{"sales.orders", 811_020}, {"sales.item", 390_114}}
	for range 36 {
		destroyed = append(destroyed, Named{"x", 0})
	}
	golden(t, "plan", text(Plan{
		Now: friday.Add(-time.Hour), Hash: "9f3c1e", Run: "godwit run warehouse --plan 9f3c1e",
		Steps: []PlanStep{
			{"copy old -> new", "63 schemas, 412 tables, 1,208 indexes, 187 keys", 4338, 7900 * gigabyte, minutes(9, 40), nil, nil},
			{"verify old -> new", "412 tables: 395 by key, 17 as multisets", 412, 7900 * gigabyte, minutes(1, 50), nil, nil},
		},
		Destroys: Destroys{On: "new", How: "are truncated (existing: truncate)", Rows: 1_204_551, Tables: destroyed},
		LeftOut:  LeftOut{What: "schemas audit, tmp", Tables: 14, Bytes: 210 * gigabyte, Why: "not in include"},
		Since:    &Since{Run: "warehouse-6", Added: 4, Columns: 2, Changed: 1, Gone: 1, Equal: 407},
		Decides:  &Decides{Object: "sales.event", Bytes: 4740 * gigabyte, Copy: minutes(5, 50), Indexes: 3, IndexTime: minutes(1, 35)},
		Window:   "Fri 20:00 for 24 h",
		Forecast: Forecast{Known: true, End: at("07:30:00"), Low: at("06:50:00"), High: at("09:10:00"), Closes: friday.Add(24 * time.Hour)},
		Basis:    Basis{Runs: 3, Error: 0.03},
	}))
}

// What a step reads and writes that moves records.
func TestLoadGolden(t *testing.T) {
	t.Parallel()
	load := Load{Step: "load", Fields: 14, Key: []string{"id"}, Records: 128_400, Parts: 4, Writes: []string{"shop.customer", "shop.address"}}
	if calls := (Load{Fields: 14, Records: 60}); calls.Goal() != "by calls" || calls.Tables() != "by calls" || load.Goal() != "into 2 tables" {
		t.Errorf("%s, %s, %s", calls.Goal(), calls.Tables(), load.Goal())
	}
	golden(t, "plan_load", text(Plan{
		Now: friday, Hash: "9f3c1e", Run: "godwit run rollout --plan 9f3c1e",
		Steps: []PlanStep{{"load old -> new", load.Reads() + " into 2 tables", 5, 12 * gigabyte, 0, &load, nil}},
	}))
}

func TestRunsGolden(t *testing.T) {
	t.Parallel()
	golden(t, "runs", text(Runs{Now: at("08:00:00"), All: []Run{
		{"redrive-1", Ended("done", 0), at("07:00:00"), time.Minute, 433, 433, 0, 0, After{}, 0, ""},
		{"rollout-12", Ended("done", 3), friday, minutes(1, 52), 138_012, 131_524, 402, 31, After{4, []Ending{{"applied by redrive-1", 429}}}, 3, ""},
		{"rollout-11", Ended("failed", 1), friday, minutes(1, 2), 12, 0, 0, 0, After{}, 1, ""},
		{"rollout-10", "running", friday, minutes(1, 2), 12, 0, 0, 0, After{}, -1, ""},
	}}))
}

func TestSummaryGolden(t *testing.T) {
	t.Parallel()
	golden(t, "summary", text(Summary{
		Run: "rollout-12", Outcome: "done", Took: minutes(1, 52), Exit: 3,
		Steps: []record.Account{
			{Step: "assignments", Read: 128_400, Applied: 121_912, Equal: 4000, Superseded: 310, Filtered: 1730, Rejected: 402, Dead: 31, Pending: 15, Blocked: 15},
			{Step: "planboards", Read: 9612, Applied: 9612},
		},
		Notes: []Note{
			{"filtered", 1730, "rule closed_before_2019", ""},
			{"rejected", 402, "3 rules, 2 owners", "godwit issues list rollout-12"},
			{"dead", 31, "3 causes", "godwit dead stats rollout-12"},
			{"pending", 15, "blocked behind dead records in 6 groups", ""},
			{"calls", 248_011, "at most 50 in any second (limit 50), 312 throttled, 2 lost answers looked up", ""},
			{"settings", 3, "changed, 3 put back, read back 04:12:09", ""},
		},
		Verified: &Verified{Rows: 135_834, Equal: 135_834},
		Report:   "rollout-12.html", ReportBytes: 1_200_000,
	}))
}

func TestProblemsGolden(t *testing.T) {
	t.Parallel()
	source := strings.Repeat("#\n", 12) + "  - copy:\n      exisitng: replace\n" + strings.Repeat("#\n", 10)
	const file = "flows/warehouse.yaml"
	golden(t, "problems", text(Problems{Exit: 2, Sources: map[string]string{file: source}, All: []Diagnostic{
		{File: file, Line: 22, Column: 5, Text: "limit belongs one level up, in load, not in to", Code: "flow.misplaced-key"},
		{File: file, Line: 14, Column: 7, Length: 8, Text: `unknown key "exisitng" in copy`, Code: "flow.unknown-key",
			Next: "did you mean existing? (fail, skip, append, truncate, replace)"},
	}}))
}

func TestProblemGolden(t *testing.T) {
	t.Parallel()
	err := fault.New(fault.Data, "data.too-long", "copy hr_emea.payslip chunk 12: new refused a row: value too long for varchar(40)").
		With("row", "payslip_id=99120331, source ctid (88123,4)       column iban, text of 52 characters").
		With("server", "SQLSTATE 22001, COPY payslip, line 155").
		With("state", "chunk 12 rolled back: 300,000 rows pending, 0 of them on new").
		Hint("ALTER TABLE hr_emea.payslip ALTER iban TYPE varchar(60);   then godwit resume warehouse-7").
		Hint("or load the other 299,999: bad_rows: isolate               flows/warehouse.yaml:14")
	golden(t, "problem", text(Problem{fault.Of(err)}))
}

func TestVerificationGolden(t *testing.T) {
	t.Parallel()
	golden(t, "verify", text(Verification{
		Equal: 409, Bytes: 7900 * gigabyte, Took: minutes(1, 51), Rows: 2, Exit: 4,
		Repair: "godwit verify warehouse --against warehouse-7 --repair sales.orders",
		Tables: []Compared{
			{Table: "hr_emea.photo", Result: NotVerified, Text: "mover may not SELECT on new", On: "new", Fixes: []string{"GRANT SELECT ON hr_emea.photo TO mover;"}},
			{Table: "hr_emea.payslip", Result: Explained, Text: "9 rows missing on new = the 9 dead letters of warehouse-7"},
			{Table: "sales.orders", Result: Differs, Text: "90,114,220 rows on both sides, 2 rows differ",
				Rows: []Difference{
					{"id 7110332", []Values{{"status", "shipped", "open"}, {"updated_at", "20:01:12", "19:41:55"}}, ""},
					{"id 7110333", []Values{{"status", "shipped", "open"}, {"updated_at", "20:01:12", "19:42:03"}}, ""},
				},
				Why: "both newer on old than the snapshot of 20:00:00: old was written to during the run"},
		},
	}))
}

// text is a screen as Show writes it, without colour, at 100 columns.
func text(s Screen) string { return strings.Join(cleaned(s.Draw(100)), "\n") + "\n" }
