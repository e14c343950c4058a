package taken

import (
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// An attempt to take marks away whose end is not known took all of a step or
// none: where one is left, those that are missing are lost.
func TestMissingMarks(t *testing.T) {
	t.Parallel()
	end := time.UnixMilli(1_000).UTC()
	u := ledger.Unit{State: ledger.Done, Ended: end}
	u.Unit = unit.Unit{ID: "load/1", Step: "load"}
	for name, c := range map[string]struct {
		tried time.Time // when taking away began
		marks int       // of three chunks
		lost  bool
	}{
		"all there":                   {time.Time{}, 3, false},
		"some lost":                   {time.Time{}, 2, true},
		"all lost":                    {time.Time{}, 0, true},
		"all taken away, in doubt":    {end.Add(time.Second), 0, false},
		"in the same millisecond":     {end, 0, false},
		"some lost, nothing taken":    {end.Add(time.Second), 1, true},
		"the same in one millisecond": {end, 2, true},
		"done after the attempt":      {end.Add(-time.Second), 0, true},
	} {
		marks := make([]record.Mark, c.marks)
		for i := range marks {
			marks[i].Unit, marks[i].Chunk = u.ID, i+1
		}
		when := Away{"load": {Tried: c.tried}}
		if got := when.Missing([]ledger.Unit{u}, marks, map[string]int{u.ID: 3}); len(got) > 0 != c.lost {
			t.Errorf("%s: lost %t, want %t", name, len(got) > 0, c.lost)
		}
	}
}

// A unit that was running when it was asked for may have ended, and its marks
// been taken away, before the marks were read.
func TestMissingMarksOfRunning(t *testing.T) {
	t.Parallel()
	began := time.UnixMilli(1_000).UTC()
	u := ledger.Unit{State: ledger.Running, Started: began}
	u.Unit = unit.Unit{ID: "load/1", Step: "load"}
	for name, c := range map[string]struct {
		done, tried time.Time
		lost        bool
	}{
		"nobody took them":             {lost: true},
		"taken before it was reopened": {done: began.Add(-time.Second), tried: began.Add(-time.Second), lost: true},
		"taken since":                  {done: began.Add(time.Second)},
		"about to be taken":            {tried: began.Add(time.Second)},
	} {
		when := Away{"load": {Done: c.done, Tried: c.tried}}
		if got := when.Missing([]ledger.Unit{u}, nil, map[string]int{u.ID: 3}); len(got) > 0 != c.lost {
			t.Errorf("%s: lost %t, want %t", name, len(got) > 0, c.lost)
		}
	}
}
