package main_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"godwit/rig/newsys"
)

// TestCallsTortureTogether kills two runs by chance that deliver the same records at the
// same time, with lost answers: none is there twice, none is missing.
func TestCallsTortureTogether(t *testing.T) {
	t.Parallel()
	kills, seed := torture(t, 30)
	random := rand.New(rand.NewPCG(seed, 0))
	s := newSystem(t, 0, newsys.Options{Unseen: 150 * time.Millisecond, Latency: [2]time.Duration{0, 40 * time.Millisecond}, Seed: seed})
	s.Break(newsys.Fault{Method: "POST", Share: 0.05, Do: newsys.CutAfter()})
	s.Break(newsys.Fault{Share: 0.02, Do: newsys.HTML(502)})
	m := newCalls(t, s, 6000, created)
	load := "steps:\n  - load:\n      from: {at: old, table: public.item}\n      process: processes/assignment.yaml\n"
	dir := filepath.Dir(m.ledger)
	var both [2]*process
	names := [2]string{"first", "second"}
	for i, name := range names {
		write(t, dir, "flows/"+name+".yaml", load)
		both[i] = m.runs(t, name)
	}
	killed := 0
	for over := [2]bool{}; !over[0] || !over[1]; {
		for i := range both {
			if over[i] {
				continue
			}
			if killed < kills {
				killed += kill(both[i], 200*time.Millisecond+time.Duration(random.Int64N(int64(1500*time.Millisecond))))
			}
			switch code := both[i].exit(t); code {
			case 0:
				over[i] = true
			case -1:
				both[i] = m.runs(t, names[i])
			default:
				t.Fatalf("%s: exit %d:\n%s", names[i], code, both[i].said.String())
			}
		}
	}
	if killed == 0 {
		t.Error("both ended before anybody was killed")
	}
	t.Logf("%d kills", killed)
	m.delivered(t, s)
}
