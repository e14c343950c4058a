package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/fault"
	"godwit/internal/ui/layout"
	"godwit/internal/unit"
)

// Whatever the terminal's size, nothing passes its edges, and from 80 columns
// and eight lines on state, all and accounts are there.
func TestBlockFitsEveryTerminal(t *testing.T) {
	t.Parallel()
	s := warehouse()
	for range 9 {
		s.Waits = append(s.Waits, s.Waits[0])
	}
	for across := 20; across <= 200; across += 7 {
		for high := 1; high <= 60; high++ {
			lines := Block(s, across, high)
			if len(lines) > high {
				t.Fatalf("%dx%d: %d lines", across, high, len(lines))
			}
			text := strings.Join(lines, "\n")
			for _, l := range lines {
				if layout.Width(l) > across {
					t.Fatalf("%dx%d: %q is %d wide", across, high, l, layout.Width(l))
				}
			}
			for _, must := range []string{"warehouse-7  running", "\nall     ", "\nread 41,882,310,442 = applied 41,882,310,371 + dead 9 + pending 62"} {
				if across >= 80 && high >= 3 && !strings.Contains("\n"+text, must) {
					t.Fatalf("%dx%d lacks %q:\n%s", across, high, must, text)
				}
			}
		}
	}
}

func TestBlockDropsInOrder(t *testing.T) {
	t.Parallel()
	s := warehouse()
	s.Waits = append(s.Waits, s.Waits[0], s.Waits[0])
	full := len(Block(s, 100, 1000))
	has := func(high int, what string) bool {
		return strings.Contains(strings.Join(Block(s, 100, high), "\n"), what)
	}
	gone := func(what string) int {
		for high := full; high > 0; high-- {
			if !has(high, what) {
				return high
			}
		}
		return 0
	}
	order := []string{"active  ", "+ 1 more", "index   ", "copy    "}
	last := full
	for _, what := range order {
		if what == "+ 1 more" { // appears when the third wait goes
			if !has(gone("active  ")-1, what) {
				t.Errorf("after what is active the waits beyond two go")
			}
			continue
		}
		if high := gone(what); high > last {
			t.Errorf("%s goes at %d lines, before what it should outlive (%d)", what, high, last)
		} else {
			last = high
		}
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	s := warehouse()
	for across, want := range map[int]string{
		79: "warehouse-7 45 % 284 MB/s done 07:35 dead 9 waits 1",
		45: "warehouse-7 45 % done 07:35 dead 9 waits 1",
		40: "warehouse-7 45 % dead 9 waits 1",
		20: "45 % dead 9 waits 1",
	} {
		if diff := cmp.Diff([]string{want}, Block(s, across, 24)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestEquation(t *testing.T) {
	t.Parallel()
	a := warehouse().Account
	a.Applied--
	got := equation(a, 100)
	if last := got[len(got)-1]; last != "the sum does not close: 1 read and not accounted for" {
		t.Errorf("a broken sum is told as %q", last)
	}
	a.Filtered, a.Rejected, a.Equal = 1_111_111_111_111, 1_111_111_111_112, 1_111_111_111_113
	a.Read += a.Filtered + a.Rejected + a.Equal + 1 - 1
	for _, l := range equation(a, 80) {
		if layout.Width(l) > 80 {
			t.Errorf("%q is too long", l)
		}
	}
}

func TestForecast(t *testing.T) {
	t.Parallel()
	f := warehouse().Forecast
	f.Closes = at("08:00:00")
	if got := f.whole(friday); got != "done Sat 07:35 (07:05 to 08:20), 20 m beyond the window" {
		t.Error(got)
	}
	f.Known = false
	if got := f.whole(friday); got != "end unknown until 3 units are done" {
		t.Error(got)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{Count(-1234567), "-1,234,567"}, {Count(int64(0)), "0"}, {Count(999), "999"}, {Count(1000), "1,000"},
		{Size(0), "0 B"}, {Size(999), "999 B"}, {Size(1000), "1.0 kB"}, {Size(999_600), "1.0 MB"},
		{Size(17e9), "17 GB"}, {Size(210e9), "210 GB"}, {Size(7.9e12), "7.90 TB"}, {Size(1_200_000), "1.2 MB"},
		{Size(9_960_000), "10 MB"}, {Size(9_223_372_036_854_775_807), "9.22 EB"},
		{Rate(41.2e6), "41.2 MB/s"}, {Rate(284e6), "284 MB/s"}, {Rate(1.239e9), "1.24 GB/s"}, {Rate(0), "0 B/s"},
		{SizeOf(5310e9, 7900e9), "5.31 of 7.90 TB"}, {SizeOf(0, 7900e9), "0.00 of 7.90 TB"}, {SizeOf(7_899_999_999_999, 7900e9), "7.89 of 7.90 TB"},
		{Percent(0.999999), "99 %"}, {Percent(1), "100 %"}, {Percent(0.29), "29 %"}, {Percent(2), "100 %"},
		{Span(38 * time.Millisecond), "38 ms"}, {Span(4100 * time.Millisecond), "4.1 s"}, {Span(59900 * time.Millisecond), "59 s"},
		{Span(130 * time.Second), "2 m 10 s"}, {Span(662 * time.Second), "11 m 02 s"}, {Span(minutes(5, 5)), "5 h 05 m"}, {Span(minutes(76, 0)), "3 d 04 h"},
		{About(minutes(24, 0)), "24 h"}, {About(minutes(0, 12)), "12 m"}, {About(12 * time.Millisecond), "12 ms"}, {About(0), "0 s"}, {About(7200 * time.Millisecond), "8 s"}, {About(minutes(11, 30)), "11 h 30 m"},
		{Plural(1, "table"), "1 table"}, {Plural(2, "index"), "2 indexes"}, {Plural(3, "entry"), "3 entries"}, {Plural(2, "key"), "2 keys"},
		{Clock(at("07:35:00"), friday), "Sat 07:35"}, {Clock(at("07:35:00").UTC(), at("01:00:00")), "07:35"},
		{Stamp(friday.AddDate(0, 0, -7), friday), "2026-11-13 20:00:00"},
		{layout.Middle("short", 17), "short"}, {layout.Middle("日本語日本語", 7), "日..語"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if got := layout.Middle("hr_emea.payslip_archive_of_2019", 17); layout.Width(got) != 17 || !strings.HasPrefix(got, "hr_emea.") || !strings.HasSuffix(got, "of_2019") {
		t.Errorf("cut to %q", got)
	}
}

// Names come from databases: none may steer the terminal.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	const evil = "a\x1b[2Jb\u202ec\nd\x00\xff"
	s := warehouse()
	s.Run, s.Owner, s.Last = evil, evil, evil
	s.Waits[0].Unit, s.Waits[0].Statement = evil, evil
	s.Active[0].Unit = evil
	event := Tell(evil, unit.Event{Kind: unit.UnitFailed, Unit: unit.ID("copy", "data", evil, 1), Body: unit.Body(unit.Ended{})})
	for _, text := range append(Block(s, 100, 50), Line(event, berlin), event.Text,
		strings.ReplaceAll(text(Problem{fault.Fault{Text: evil}}), "\n", "")) {
		if strings.ContainsAny(text, "\x1b\u202e\n\x00") {
			t.Errorf("%q", text)
		}
	}
}

func TestUnitName(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		unit.ID("copy", "data", "sales.event", 203):         "sales.event 203",
		unit.ID("copy", "index", "sales.orders/day idx", 1): "sales.orders index day idx",
		unit.ID("verify", "table", `odd."na/me"`, 1):        `odd."na table me"`,
		unit.ID("verify", "table", "sales.orders", 1):       "verify sales.orders",
		unit.ID("copy", "define", "before", 2):              "define before 2",
		unit.ID("copy", "marks", "all", 1):                  "marks",
		"something else":                                    "something else",
	} {
		if got := UnitName(id); got != want {
			t.Errorf("%s is %q, want %q", id, got, want)
		}
	}
}

func ExampleShow() {
	fmt.Print(text(Runs{Now: friday, All: []Run{{Name: "copy-1", State: "done", Started: friday.Add(-time.Hour), Took: 12 * time.Second, Read: 1500, Applied: 1500}}}))
	// Output:
	// run     state  started  took   read  applied  dead  exit
	// copy-1  done   19:00    12 s  1,500    1,500     0     0
}
