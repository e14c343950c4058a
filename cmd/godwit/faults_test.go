package main_test

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/unit"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
	"godwit/rig/proxy"
)

// stopped waits until a process has stopped itself (GODWIT_STOP_AT).
func (p *process) stopped(t *testing.T) {
	t.Helper()
	eventually(t, "the process stops", func() bool {
		select {
		case <-p.ended:
			t.Fatalf("it ended instead:\n%s", p.said.String())
		default:
		}
		stat, err := os.ReadFile("/proc/" + itoa(p.Process.Pid) + "/stat")
		_, after, _ := strings.Cut(string(stat), ") ")
		return err == nil && strings.HasPrefix(after, "T")
	})
}

// frozen is stopped, but not amid a write to the ledger, which nobody else
// could write to then.
func (p *process) frozen(t *testing.T) {
	t.Helper()
	p.stopped(t)
	for p.writing(t) {
		p.signal(t, syscall.SIGCONT)
		p.signal(t, syscall.SIGSTOP)
		p.stopped(t)
	}
}

// writing reports whether a process holds a lock for writing, as SQLite does.
func (p *process) writing(t *testing.T) bool {
	t.Helper()
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(locks)) {
		f := strings.Fields(line)
		if len(f) > 4 && f[1] == "POSIX" && f[3] == "WRITE" && f[4] == itoa(p.Process.Pid) {
			return true
		}
	}
	return false
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func crash(t *testing.T, s *postgres.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Crash(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestTargetCrashes ends the target as a power cut does, between a commit and
// its settling and after it, with the process alive and dead. What was
// committed is there, except in unlogged tables, whose units are opened again.
func TestTargetCrashes(t *testing.T) {
	t.Parallel()
	from := pgtest.Database(t)
	fill(t, from, 4)
	want := state(t, from)
	for turn, name := range []string{"before settle", "after settle"} {
		at := []string{"data.committed:20", "unit.after-settle:25"}[turn]
		for _, how := range shared(turn, 2, "KILL", "STOP") {
			t.Run(name+" "+how, func(t *testing.T) {
				server := pgtest.Server(t, postgres.Options{Name: "crash"})
				m := newMove(t, from, pgtest.DatabaseOn(t, server))
				m.env = []string{"GODWIT_CHUNK=65536"}
				p := m.copy(t, "GODWIT_"+how+"_AT="+at)
				if how == "KILL" {
					p.ends(t, -1)
					crash(t, server)
					p = m.copy(t)
				} else {
					p.stopped(t)
					crash(t, server)
					p.signal(t, syscall.SIGCONT)
				}
				p.ends(t, 0)
				m.proved(t, want)
				t.Logf("%d units done again", m.undone(t))
			})
		}
	}
}

// TestUnlogged crashes the target when all unlogged rows are in and settled:
// they are gone and copied again. A clean restart keeps them, and undoes
// nothing.
func TestUnlogged(t *testing.T) {
	t.Parallel()
	from := pgtest.Database(t)
	pgtest.Exec(t, from, `create unlogged table large (id int, line text);
		insert into large select i, repeat(md5(i::text), 4) from generate_series(1, 20000) i;
		create unlogged table small (id int primary key); insert into small select generate_series(1, 9);
		create table logged (id int primary key); insert into logged select generate_series(1, 9)`, "analyze")
	want := state(t, from)
	for name, clean := range map[string]bool{"crash": false, "clean restart": true} {
		t.Run(name, func(t *testing.T) {
			server := pgtest.Server(t, postgres.Options{Name: "unlogged"})
			m := newMove(t, from, pgtest.DatabaseOn(t, server))
			m.copy(t, "GODWIT_KILL_AT=key.begun:1").ends(t, -1)
			had := pgtest.Query[int](t, m.to, "select count(*) from large")
			if done := m.units(t, "data", ledger.Done); done == 0 || had == 0 {
				t.Fatalf("%d units with %d rows before the crash", done, had)
			}
			if clean {
				if err := server.Restart(t.Context()); err != nil {
					t.Fatal(err)
				}
			} else {
				crash(t, server)
			}
			if left := pgtest.Query[int](t, m.to, "select count(*) from large"); clean != (left == had) {
				t.Fatalf("%d of %d rows after it", left, had)
			}
			m.copy(t).ends(t, 0)
			m.proved(t, want)
			if undone := m.undone(t); clean == (undone > 0) {
				t.Errorf("%d units undone", undone)
			}
		})
	}
}

// TestPromotedStandby loses the target's primary in mid-run; an asynchronous
// standby, which lacks the last commits, takes its place. The rows of settled
// units that it lacks are copied again.
func TestPromotedStandby(t *testing.T) {
	t.Parallel()
	from := pgtest.Database(t)
	fill(t, from, 4)
	want := state(t, from)
	primary := pgtest.Server(t, postgres.Options{Name: "primary"})
	standby := pgtest.Standby(t, primary)
	pgtest.Exec(t, primary.URL("postgres"), "create database db")
	m := newMove(t, from, "postgres://"+postgres.Superuser+"@127.0.0.1:"+itoa(primary.Port)+",127.0.0.1:"+itoa(standby.Port)+
		"/db?target_session_attrs=read-write&sslmode=disable")
	m.env = []string{"GODWIT_CHUNK=65536"}
	// The log stops reaching the standby after some chunks, commits go on.
	m.copy(t, "GODWIT_KILL_AT=unit.after-settle:12").ends(t, -1)
	stall(t, primary, standby)
	p := m.copy(t, "GODWIT_STOP_AT=unit.after-settle:20")
	p.stopped(t)
	if err := primary.Crash(t.Context()); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, standby.URL("postgres"), "select pg_wal_replay_resume()")
	if err := standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 0)
	m.to = standby.URL("db")
	m.proved(t, want)
	undone := m.undone(t)
	t.Logf("%d units done again", undone)
	if undone == 0 {
		t.Error("nothing was lost: the test tests nothing")
	}
}

// begun is a copy that has stopped itself before it makes anything: before
// that, a server that cannot be reached refuses the run.
func (m *move) begun(t *testing.T) *process {
	t.Helper()
	p := m.copy(t, "GODWIT_STOP_AT=define.begun:1")
	p.stopped(t)
	return p
}

// undone counts the units of rows that were opened again.
func (m *move) undone(t *testing.T) int {
	t.Helper()
	n := 0
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		events, err := v.Events(ctx, run.ID, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Kind == unit.UnitUndone && (strings.Contains(e.Unit, "/data/") || strings.Contains(e.Unit, "/small/")) {
				n++
			}
		}
	})
	return n
}

// TestCuts cuts all connections of both sides again and again, though not for ever: on a
// busy machine nothing is done between two cuts. The copy ends unattended.
func TestCuts(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	scale, every, often := 12, 700*time.Millisecond, 100
	if os.Getenv("GODWIT_SLOW") != "" {
		scale, every, often = 300, 5*time.Second, 1000
	}
	fill(t, from, scale)
	want := state(t, from)
	source, target := proxy.New(t, from), proxy.New(t, to)
	m := newMove(t, source.URL(), target.URL())
	p := m.begun(t)
	p.signal(t, syscall.SIGCONT)
	stopSource, stopTarget := source.CutEvery(every), target.CutEvery(every*9/7)
	comes(func() bool {
		select {
		case <-p.ended:
			return true
		default:
			return source.Cuts()+target.Cuts() >= often
		}
	})
	stopSource()
	stopTarget()
	p.ends(t, 0)
	m.to = to
	m.proved(t, want)
	t.Logf("%d connections of the source were cut, %d of the target; %d retries", source.Cuts(), target.Cuts(), m.events(t, unit.UnitRetry))
	if source.Cuts()+target.Cuts() < 3 {
		t.Error("hardly anything was cut")
	}
}

// TestLostAnswer loses the answers to commits: they happened, and happen once.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	fill(t, from, 3)
	want := state(t, from)
	target := proxy.New(t, to)
	m := newMove(t, from, target.URL())
	p := m.begun(t)
	for _, n := range []int{1, 3, 6, 9, 12} {
		target.CutWhen(func(msg proxy.Message) bool { // under the proxy's lock
			if proxy.Answer("COMMIT")(msg) {
				n--
			}
			return n <= 0 && proxy.Answer("COMMIT")(msg)
		})
	}
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 0)
	m.to = to
	m.proved(t, want)
	if target.Cuts() < 3 {
		t.Errorf("%d answers were lost only", target.Cuts())
	}
}

// TestSourceChanged changes tables of the source in mid-copy in ways that its
// snapshots do not show: those tables fail by name, the others are copied.
func TestSourceChanged(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct{ sql, code string }{
		"truncated": {"truncate b.detail; insert into b.detail select i, i, 1, 'new' from generate_series(1, 100) i", "source.changed"},
		"rewritten": {"vacuum full b.detail", "source.changed"},
		"altered":   {"alter table b.detail add column more int", "source.redefined"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.Pair(t)
			fill(t, from, 16) // b.detail is a large table then
			pgtest.Exec(t, from, "alter table b.detail drop constraint detail_event_fkey")
			want := state(t, from)
			m := newMove(t, from, to)
			m.env = []string{"GODWIT_CHUNK=65536"}
			m.flags = []string{"--workers", "1"}
			p := m.copy(t, "GODWIT_STOP_AT=data.begun:2")
			p.stopped(t)
			pgtest.Exec(t, from, change.sql)
			p.signal(t, syscall.SIGCONT)
			p.ends(t, 1).says(t, change.code, "b.detail")
			got := state(t, to)
			for _, table := range []string{"a.event", "b.log", "a.scratch", "b.small_7"} {
				if got[table] != want[table] {
					t.Errorf("%s: %s, want %s", table, got[table], want[table])
				}
			}
			m.checked(t)
		})
	}
}

// TestFrozenOwner stops a process for longer than its lease, at places where it
// holds locks at the target, or is about to write there; a second one takes
// the run over and ends it. When the first one goes on it can neither settle
// nor write anything.
func TestFrozenOwner(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]string{
		"before settling": "unit.before-settle:12", "before writing": "data.reading:6", "before commit": "data.copied:6",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.Pair(t)
			fill(t, from, 6)
			want := state(t, from)
			m := newMove(t, from, to)
			m.env = []string{"GODWIT_CHUNK=65536", "GODWIT_LEASE=4s"}
			first := m.copy(t, "GODWIT_STOP_AT="+at)
			first.frozen(t)
			m.copy(t).ends(t, 2).says(t, "run.owned", "lease")
			second := m.copy(t)
			for second.exit(t) == 2 { // until the lease is over
				second = m.copy(t)
			}
			second.ends(t, 0)
			m.proved(t, want)
			first.signal(t, syscall.SIGCONT)
			if code := first.exit(t); code != 0 && code != 5 { // what the ledger says: the other one has ended it
				t.Errorf("exit %d:\n%s", code, first.said.String())
			}
			m.proved(t, want)
		})
	}
}

// TestTakenOver is the same with the second process still at work.
func TestTakenOver(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	fill(t, from, 8)
	want := state(t, from)
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_CHUNK=65536", "GODWIT_LEASE=2s"}
	first := m.copy(t, "GODWIT_STOP_AT=data.copied:6")
	first.frozen(t)
	second := m.copy(t, "GODWIT_STOP_AT=unit.before-settle:4")
	eventually(t, "the second takes over", func() bool {
		select {
		case <-second.ended:
			second = m.copy(t, "GODWIT_STOP_AT=unit.before-settle:4")
		default:
		}
		return m.events(t, unit.RunResumed) > 0
	})
	second.frozen(t)
	first.signal(t, syscall.SIGCONT)
	first.ends(t, 5)
	second.signal(t, syscall.SIGCONT)
	second.ends(t, 0)
	m.proved(t, want)
}

// TestInterrupt stops a copy by one signal, at the next borders, and by two,
// at once; both can be gone on with.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	fill(t, from, 4)
	want := state(t, from)
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_CHUNK=65536"}
	once := m.copy(t, "GODWIT_STOP_AT=data.begun:5")
	once.stopped(t)
	once.signal(t, syscall.SIGINT)
	once.signal(t, syscall.SIGCONT)
	once.ends(t, 5)
	status := m.start(t, nil, "status", "copy-1", "--ledger", m.ledger)
	status.ends(t, 0).says(t, "copy-1  stopped   ", "resume: godwit resume copy-1")
	if strings.Contains(status.said.String(), "in flight") {
		t.Errorf("units were cut:\n%s", status.said.String())
	}
	twice := m.copy(t, "GODWIT_STOP_AT=data.begun:5")
	twice.stopped(t)
	twice.signal(t, syscall.SIGINT)
	twice.signal(t, syscall.SIGTERM)
	twice.signal(t, syscall.SIGCONT)
	twice.ends(t, 130)
	m.copy(t).ends(t, 0)
	m.proved(t, want)
}

// TestOccupied starts a copy of other tables' choosing into a target that a copy
// is just writing to: it is refused before anything is touched, with --new too.
// Into other tables it may.
func TestOccupied(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, stageSQL("stage", "primary key", 6000)+stageSQL("other", "primary key", 10))
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_CHUNK=262144"}
	m.flags = []string{"--include", "public.stage", "--existing", "replace"}
	p := m.copy(t, "GODWIT_STOP_AT=data.begun:3")
	p.stopped(t)
	beside := func(flags ...string) *process {
		t.Helper()
		return m.start(t, nil, append([]string{"copy", "--from", from, "--to", to, "--ledger", m.ledger, "--progress", "none", "--yes"}, flags...)...)
	}
	beside("--include", "public.stage", "--existing", "truncate").ends(t, 2).says(t, "run.occupied", "copy-1", "public.stage")
	beside("--include", "public.stage", "--existing", "replace", "--new").ends(t, 2).says(t, "run.occupied")
	beside("--include", "public.other").ends(t, 0)
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 0)
	m.checked(t)
}
