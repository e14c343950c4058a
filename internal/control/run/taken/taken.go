// Package taken knows which units' marks must be at a target, when marks are taken
// away step by step. Start at Away.
package taken

import (
	"encoding/json"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/record"
)

// Away says when the run's marks were taken away, for each step: units that
// ended before need none any more.
type Away map[string]struct {
	Done, Tried time.Time
	Back        bool // a statement was to be taken back, mark and all
}

// Missing are the units without a mark that must have one, or, of those that
// settle chunk by chunk, one for each chunk. What an attempt to take marks away
// left in doubt went as a whole or not at all.
func (t Away) Missing(units []ledger.Unit, marks []record.Mark, chunks map[string]int) []ledger.Unit {
	found, have, doubt := map[string]int{}, map[string]bool{}, map[string]bool{}
	for _, m := range marks {
		found[m.Unit]++
		have[m.Unit] = found[m.Unit] >= max(1, chunks[m.Unit])
	}
	for _, u := range units {
		if found[u.ID] > 0 && t.doubted(u) {
			doubt[u.Step] = true // nothing was taken away: what is missing is lost
		}
	}
	var lost []ledger.Unit
	for _, u := range units {
		if u.State != ledger.Done { // chunks of a unit under way, or about to be
			over := u.State == ledger.Running && !(t[u.Step].Done.Before(u.Started) && t[u.Step].Tried.Before(u.Started)) // and its marks taken, since it was seen
			if found[u.ID] < chunks[u.ID] && !over {
				lost = append(lost, u)
			}
			continue
		}
		if have[u.ID] || !u.Ended.After(t[u.Step].Done) || t.doubted(u) && !doubt[u.Step] {
			continue
		}
		lost = append(lost, u)
	}
	return lost
}

func (t Away) doubted(u ledger.Unit) bool {
	return u.Ended.After(t[u.Step].Done) && !u.Ended.After(t[u.Step].Tried) // of one millisecond they may be
}

// Logged reports whether a unit's mark is one that a crash does not take.
func Logged(u ledger.Unit) bool {
	type table struct {
		Unlogged bool `json:"unlogged"`
	}
	var spec struct {
		Chunks []table `json:"chunks"`
		Tables []table `json:"tables"` // of a repair, of a load
	}
	if json.Unmarshal(u.Spec, &spec) != nil {
		return true
	}
	all := append(spec.Chunks, spec.Tables...)
	return len(all) == 0 || !all[0].Unlogged
}
