package main_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// mortal are the points at which a delivery is killed, and up to which of the times that
// a process passes it. Some are not passed by each: what is passed by all comes with them.
var mortal = []struct {
	point string
	times int
}{
	{"load.prepared", 2}, {"load.committed", 2}, {"load.settled", 2}, {"call.intended", 60}, {"call.answered", 60}, {"call.lost", 3}, {"call.looked", 3},
	{"deliver.prepared", 8}, {"deliver.settled", 8}, {"call.delivered", 4}, {"call.counted", 1},
}

// TestCallsPoints kills a delivery at each of these points, one after the other, and what
// was delivered in the end is read back.
func TestCallsPoints(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	s.Break(newsys.Fault{Share: 0.1, Do: newsys.CutAfter()})
	m := newCalls(t, s, 600, withReads(false))
	write(t, filepath.Dir(m.ledger), "flows/prove.yaml", "steps:\n  - verify: {from: {at: old, table: public.item}, process: processes/assignment.yaml}\n")
	pgtest.Exec(t, m.from, twoNotes+"where seq % 4 = 0")
	points, rows := filepath.Join(t.TempDir(), "points"), 600
	for _, at := range mortal {
		for tried := 0; ; tried++ {
			p := m.load(t, "GODWIT_KILL_AT="+at.point+":1", "GODWIT_POINTS="+points)
			code := p.exit(t)
			if code == -1 {
				break
			}
			if code != 0 && !killsOwner(p) || tried > 4 {
				t.Fatalf("%s: exit %d:\n%s", at.point, code, p.said.String())
			}
			if code == 0 { // more records pass it again
				m.more(t, rows)
				rows += 60
			}
		}
	}
	m.load(t).ends(t, 0)
	pointsIn(t, points)
	m.delivered(t, s)
	m.notes(t, s, rows/2)
	m.readEqual(t, rows, rows/2)
}

// moment is where a process is to die: at one of the points, or else some calls later.
func moment(random *rand.Rand) (point, at string) {
	m := mortal[random.IntN(len(mortal))]
	return m.point, fmt.Sprintf("%s:%d,call.answered:%d", m.point, 1+random.IntN(m.times), 61+random.IntN(60))
}

// TestCallsTorture kills by chance, at named points and at any moment, with lost answers
// and systems that find what was made by a look-up, or know a request by its key: nothing
// is there twice, nothing is missing, each group has its order, and what the system says
// of each record when it is read back is what the ledger has delivered. Between two runs
// most of the source changes, and more comes.
func TestCallsTorture(t *testing.T) {
	t.Parallel()
	for name, keyed := range map[string]bool{"look-up": false, "key": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kills, seed := torture(t, 60)
			random := rand.New(rand.NewPCG(seed, 0))
			s := newSystem(t, 0, newsys.Options{Unseen: 150 * time.Millisecond, Latency: [2]time.Duration{0, 20 * time.Millisecond}, Seed: seed})
			for _, f := range []newsys.Fault{{Share: 0.05, Do: newsys.CutAfter()}, {Share: 0.02, Do: newsys.Late(time.Second)}, {Share: 0.02, Do: newsys.Cut()}, {Share: 0.05, Do: newsys.Throttle(0)}, {Share: 0.02, Do: newsys.HTML(502)}} {
				s.Break(f)
			}
			m := newCalls(t, s, 600, withReads(keyed))
			write(t, filepath.Dir(m.ledger), "flows/prove.yaml", "steps:\n  - verify: {from: {at: old, table: public.item}, process: processes/assignment.yaml}\n")
			pgtest.Exec(t, m.from, twoNotes+"where seq % 4 = 0")
			aimed, rows := map[string]int{}, 600
			for killed, runs := 0, 1; killed < kills; runs++ {
				for _, at := range m.dies(t, random, kills-killed) {
					aimed[at]++
					killed++
				}
				m.delivered(t, s)
				m.notes(t, s, rows/2)
				m.readEqual(t, rows, rows/2)
				v := s.Verdict()
				t.Logf("%d kills in %d runs, each read back; %d requests, of which %d had no answer; aimed at %v", killed, runs, v.Requests, v.Statuses[0], aimed)
				pgtest.Exec(t, m.from, fmt.Sprintf("update item set title = 'Assignment ' || seq || ', change %d' where seq %% 5 <> %d", runs, runs%5))
				m.more(t, rows)
				rows += 60
			}
		})
	}
}

// more adds 60 records to so many.
func (m *move) more(t testing.TB, rows int) {
	t.Helper()
	pgtest.Exec(t, m.from, fmt.Sprintf("insert into item select to_char(i, 'FM000000'), 'P' || i %% 30, i, 'Assignment ' || i, '[]' from generate_series(%d, %d) i", rows+1, rows+60),
		twoNotes+fmt.Sprintf("where seq %% 4 = 0 and seq > %d", rows))
}

// dies starts a delivery anew until it ends, and kills it until then, at most some times;
// it gives what each kill aimed at.
func (m *move) dies(t testing.TB, random *rand.Rand, most int) (aimed []string) {
	t.Helper()
	for {
		point, at := "any moment", ""
		if len(aimed) < most && random.IntN(3) > 0 {
			point, at = moment(random)
		}
		p := m.load(t, "GODWIT_KILL_AT="+at)
		if len(aimed) < most && at == "" {
			kill(p, time.Duration(random.Int64N(int64(1500*time.Millisecond))))
		}
		switch code := p.exit(t); {
		case code == 0:
			return aimed
		case code == -1:
			aimed = append(aimed, point)
		case !killsOwner(p):
			t.Fatalf("exit %d:\n%s", code, p.said.String())
		}
	}
}

// readEqual has all that was delivered read back: each assignment and note is there as it
// was sent, and nothing beside them.
func (m *move) readEqual(t testing.TB, assignments, notes int) {
	t.Helper()
	_, said := m.proves(t, "prove", 0)
	p := told(t, said)
	aside := verified{}.Aside
	aside.Read = int64(assignments)
	want := map[string]verified{"api.assignment": {Result: "equal", Rows: int64(assignments), Aside: aside}, "api.assignment/note": {Result: "equal", Rows: int64(notes)}}
	if diff := cmp.Diff(want, p.tables); diff != "" || p.unlike != nil {
		t.Errorf("read back: %v (-want +got):\n%s", p.unlike, diff)
	}
}
