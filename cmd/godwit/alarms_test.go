package main_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/rig/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// pager is a receiver of alarms that a test can shut.
type pager struct {
	*httptest.Server
	mu   sync.Mutex
	shut bool
	came []string // events of what was taken
	at   []time.Time
	no   int // messages that were refused
}

func newPager(t testing.TB) *pager {
	t.Helper()
	p := &pager{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var m struct {
			Events []struct{ Event string }
		}
		if err == nil {
			err = json.Unmarshal(body, &m)
		}
		if err != nil {
			t.Error(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.shut {
			p.no++
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var events []string
		for _, e := range m.Events {
			events = append(events, e.Event)
		}
		p.came, p.at = append(p.came, strings.Join(events, " ")), append(p.at, time.Now())
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *pager) messages() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.came...)
}

// stuck is a load with dead letters in its first chunks that then waits for a lock
// until free is called.
func stuck(t testing.TB, p *pager) (m *move, free func()) {
	t.Helper()
	m = newLoad(t, 6000)
	pgtest.Exec(t, m.to, `create function shop.waits() returns trigger language plpgsql as $$ begin
		if new.id > 4000 then perform pg_advisory_xact_lock(4711); end if; return new; end $$;
		create trigger waits before insert on shop.orders for each row execute function shop.waits()`)
	conn, err := pgx.Connect(t.Context(), m.to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), "select pg_advisory_lock(4711)"); err != nil {
		t.Fatal(err)
	}
	m.tells(t, "alarms: [{when: [dead.first, run.failed, run.finished], send: {webhook: {env: HOOK}}}]\n")
	m.env = append(m.env, "HOOK="+p.URL)
	return m, func() { conn.Close(context.Background()) }
}

// tells adds to the project's file.
func (m *move) tells(t testing.TB, text string) {
	t.Helper()
	path := filepath.Join(filepath.Dir(m.ledger), "godwit.yaml")
	have, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(have, text...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// died kills a process, as a machine that loses its power does.
func (p *process) died(t testing.TB) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-p.ended
}

// dead reports whether the ledger has dead letters.
func (m *move) dead(t testing.TB) (yes bool) {
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		sums, err := v.Sums(ctx, run.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range sums {
			yes = yes || a.Dead > 0
		}
	})
	return yes
}

// TestAlarmOnce: the first dead letter is told within ten seconds, while the run
// goes on, and not again by the process that goes on after kill -9.
func TestAlarmOnce(t *testing.T) {
	t.Parallel()
	p := newPager(t)
	m, free := stuck(t, p)
	first := m.load(t)
	eventually(t, "there is a dead letter", func() bool { return m.dead(t) })
	since := time.Now()
	eventually(t, "it is told", func() bool { return len(p.messages()) > 0 && m.events(t, "alarm") > 0 })
	p.mu.Lock()
	took := p.at[0].Sub(since)
	p.mu.Unlock()
	if took > 10*time.Second {
		t.Errorf("it was told after %s", took)
	}
	first.died(t)
	free()
	m.load(t).ends(t, 3).says(t, "alarm run.finished sent: webhook {env: HOOK}")
	if got := p.messages(); len(got) != 2 || got[0] != "dead.first" || got[1] != "run.finished" {
		t.Errorf("told: %q", got)
	}
	m.checked(t)
}

// TestAlarmAfterACrash: what a process could not tell before kill -9 is told by the
// next one.
func TestAlarmAfterACrash(t *testing.T) {
	t.Parallel()
	p := newPager(t)
	p.shut = true
	m, free := stuck(t, p)
	first := m.load(t)
	eventually(t, "it was tried", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.no > 1 })
	first.died(t)
	p.mu.Lock()
	p.shut = false
	p.mu.Unlock()
	free()
	m.load(t).ends(t, 3)
	told := strings.Join(p.messages(), " ")
	if strings.Count(told, "dead.first") != 1 || strings.Count(told, "run.finished") != 1 {
		t.Errorf("told: %q", p.messages())
	}
	m.checked(t)
}

// TestAlarmOfAnEnd: a process that dies after its run's end and before it could
// tell leaves that to the next run, which tells it once.
func TestAlarmOfAnEnd(t *testing.T) {
	t.Parallel()
	p := newPager(t)
	p.shut = true
	m, free := stuck(t, p)
	free()
	first := m.load(t)
	eventually(t, "the run has ended", func() bool { return m.phase(t) == "after the end" })
	first.died(t)
	if n := m.events(t, "alarm"); n > 0 {
		t.Fatalf("%d alarms are written down: it died too late", n)
	}
	p.mu.Lock()
	p.shut = false
	p.mu.Unlock()
	for range 2 {
		pgtest.Exec(t, m.to, "truncate shop.orders, shop.line")
		m.load(t).ends(t, 3)
	}
	told := strings.Join(p.messages(), " ") // both in one message, unless a run takes its time
	if strings.Count(told, "run.finished") != 3 || strings.Count(told, "dead.first") != 3 {
		t.Errorf("told: %q", p.messages())
	}
	m.checked(t)
}
