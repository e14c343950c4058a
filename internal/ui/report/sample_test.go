package report

import (
	"fmt"
	"time"
)

var began = time.Date(2026, 11, 20, 19, 0, 0, 0, time.UTC)

func after(h, m, s int) time.Time {
	return began.Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second)
}

// sample is a run with something in every list; its sums close.
func sample() Report {
	const fingerprint = "9f3c1e07aa51bb2e4410c0de5e1fbe01"
	r := Report{
		V: 1, Zone: "Europe/Berlin",
		Verdict: Verdict{
			Run: "warehouse-7", Flow: "flows/warehouse.yaml", Outcome: "done", Exit: 4, Plan: "9f3c1e", Version: "0.1.0",
			Actor: "anna", Host: "host1:812", Started: began, Ended: after(11, 35, 0),
			Systems: []System{{"old", "postgres", "13.14", "dwh"}, {"new", "postgres", "16.3", "dwh"}},
			Snapshots: []Snapshot{
				{Connection: "old", ID: "00000003-000A1B2C-1", Position: "1A/2B3C4D50", Opened: after(0, 0, 4), Lost: after(2, 10, 0), Why: "old reset the connection"},
				{Connection: "old", ID: "00000003-000B7712-1", Position: "1A/9F000128", Opened: after(2, 11, 30)},
			},
		},
		Again: []Again{
			{"retry", "sales.event 198", "sales.event", after(5, 9, 40), 1, 0, "old reset the connection; the chunk was not applied"},
			{"reconcile", "reconcile sales.orders", "sales.orders", after(9, 42, 0), 1, 1204, "rows changed between the first snapshot and the second"},
		},
		NotLoaded: &NotLoaded{
			Causes: []Cause{
				{"77aa0c11", "dead", "data.too-long", "value too long for varchar(40)", "hr_emea.payslip", "iban", 9, 9.0 / 8_811_930, 2,
					[]Ending{{"applied by redrive-1", 7}}, after(2, 14, 10), "ALTER TABLE, then redrive", "hr",
					[]Example{{17, "hr_emea.payslip", "99120331", "iban", "text of 52 characters, 5e109b", ""}, {18, "hr_emea.payslip", "99120332", "iban", "text of 41 characters, 77aa02", "applied by redrive-1"}}},
			},
			Issues: []Issues{{"required", "iban", "", "warn", "hr", "is missing", "fill it in", 3, 3, after(2, 14, 10)}},
			Before: "warehouse-6",
			Owners: []Owner{{Name: "", New: 1}, {Name: "hr", Mail: "hr@example.com", New: 1, Still: 2, Fixed: 1, Accepted: 4, Issues: []OwnIssue{
				{"99120331", "hr_emea.payslip", "iban", "required", "null", "is missing", "fill it in", "still", after(2, 14, 10), ""},
				{"99120340", "hr_emea.payslip", "iban", "required", "null", "is missing", "fill it in", "fixed", after(2, 14, 10), ""}}}},
			Known: []Expected{{"required", "hr_emea.payslip", "iban", 3, 3, ""}, {"match", "", "", 5, 2, "typists"}},
		},
		Differences: []Difference{
			{"sales.orders", "changed", "id=7110332", "status, updated_at", "2 columns differ"},
			{"sales.orders", "changed", "id=7110333", "status, updated_at", "2 columns differ"},
		},
		Compared: []Compared{{"sequence", "sales.orders_id_seq", Equal, ""}, {"definition", "INDEX sales.orders_day_idx", Equal, ""},
			{"definition", "TRIGGER hr_emea.payslip_audit", Explained, "left out by the flow"}},
		Steps: []Span{
			{"copy: definitions", began, after(0, 4, 10), 63, 0, "done"},
			{"copy: data", after(0, 4, 10), after(9, 20, 0), 4130, 7_900_000_000_000, "done"},
			{"copy: indexes and keys", after(0, 30, 0), after(9, 45, 0), 145, 0, "done"},
			{"verify", after(9, 45, 0), after(11, 35, 0), 412, 7_900_000_000_000, "failed"},
		},
		Slowest: []Unit{{"sales.event index event_day_idx", 3122, 1, 0, 0}, {"sales.event 203", 180.5, 2, 1_204_551, 8_200_000_000}},
		Waits: []Wait{{"sales.orders index orders_day_idx", "lock", "ShareLock on sales.orders", "pid 4711 (app, nightly_report) on new, idle in transaction",
			"UPDATE sales.orders SET status = $1 WHERE id = $2", after(5, 0, 20), 1122}},
		Forecasts: []Forecast{
			{after(1, 0, 0), 0.1, after(11, 30, 0), after(10, 50, 0), after(13, 10, 0)},
			{after(5, 12, 0), 0.45, after(11, 35, 0), after(11, 5, 0), after(12, 20, 0)},
			{after(9, 0, 0), 0.8, after(11, 20, 0), after(11, 10, 0), after(11, 30, 0)},
		},
		Actions:  []Action{{after(1, 0, 0), "anna", "tune", "the source is slow at night", "workers 5 to 8"}},
		Events:   []Event{{1, began, "run.started", "warehouse-7 started   plan 9f3c1e   4,750 units, 7.90 TB   8 workers"}, {9121, after(11, 35, 0), "run.finished", "warehouse-7 done   exit 4"}},
		FlowText: "help: Copy the warehouse and prove it\nsteps:\n  - copy: {from: old, to: new}\n  - verify: {from: old, to: new}\n",
	}
	for i := range 30 {
		name := fmt.Sprintf("sales.part_%02d", i)
		n := int64(1_000_003 * (i + 1))
		r.Accounts = append(r.Accounts, Account{Step: "copy", Entity: name, Chunks: int64(i + 1), Read: n, Applied: n, Written: n, Bytes: n * 211})
		r.Proof = append(r.Proof, Proof{Entity: name, Result: Equal, Method: "hashed while copied, read back", Rows: n, Others: n, Left: fingerprint, Right: fingerprint})
	}
	r.Accounts = append(r.Accounts, Account{Step: "copy", Entity: "hr_emea.payslip", Chunks: 12, Read: 8_811_930, Applied: 8_811_921, Dead: 9, Written: 8_811_921, Bytes: 1_900_000_000})
	r.Proof = append(r.Proof,
		Proof{Entity: "hr_emea.payslip", Result: Explained, Method: "by key", Rows: 8_811_930, Others: 8_811_921, Left: fingerprint, Right: "aa" + fingerprint[2:], Count: 9, Why: "9 rows missing on new = the 9 dead letters"},
		Proof{Entity: "sales.orders", Result: Differs, Method: "by key", Rows: 90_114_220, Others: 90_114_220, Left: fingerprint, Right: "bb" + fingerprint[2:], Count: 2, Why: "2 rows differ: both newer on old than the snapshot"},
		Proof{Entity: "hr_emea.photo", Result: NotVerified, Rows: 41_003, Why: "mover may not SELECT on new"})
	for i := range 139 {
		rate := 284e6 + 40e6*float64(i%7) - 1.2e6*float64(i)
		r.Throughput = append(r.Throughput, Sample{after(0, 5+4*i, 0), rate})
	}
	return r
}
