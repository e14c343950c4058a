package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestLedgerFull lets the ledger's disk run full in mid-run, by a limit on the
// size of files: nothing more is settled, and the run goes on when there is
// room again.
func TestLedgerFull(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	fill(t, from, 6)
	want := state(t, from)
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_CHUNK=65536"}
	p := m.begun(t)
	info, err := os.Stat(m.ledger + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	limitFiles(t, p.Process.Pid, uint64(info.Size())+300<<10)
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 5).says(t, "its disk takes no more")
	p = m.copy(t)
	p.ends(t, 0)
	m.proved(t, want)
}

// TestLargeValues copies values larger than all the memory a copy is promised
// to need beside them.
func TestLargeValues(t *testing.T) {
	slow(t)
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create table b (id int primary key, v bytea); create table t (id int primary key, v text)",
		"alter table b alter v set storage external; alter table t alter v set storage external",
		// Doubled, so that no statement's text is large.
		"insert into b select 1, decode(repeat('00ff5c0a', 150 * 1024 * 256), 'hex') || decode(repeat('01', 3), 'hex')",
		"update b set v = v || v || v || v",
		"insert into t select 1, repeat('tab\t and \\ ', 300 * 1024 * 1024 / 11)", "analyze")
	sums := "select string_agg(x, ',') from (select length(v) || ' ' || encode(sha256(v), 'hex') as x from b union all select length(v) || ' ' || md5(v) from t) s"
	want := pgtest.Query[string](t, from, sums)
	m := newMove(t, from, to)
	m.env = nil
	p := m.copy(t)
	most := peak(p)
	p.ends(t, 0)
	if got := pgtest.Query[string](t, to, sums); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	m.checked(t)
	t.Logf("peak %d MiB with rows of %s", most(), want)
	if most() > 3*600 {
		t.Errorf("peak %d MiB", most())
	}
}

// TestMemory copies much more than the memory it is promised to need.
func TestMemory(t *testing.T) {
	slow(t)
	from, to := pgtest.Pair(t)
	fill(t, from, 300)
	pgtest.Exec(t, from, "create table wide (id int, v text)",
		"alter table wide alter v set storage external; insert into wide select i, repeat(md5(i::text), 15 * 32768) from generate_series(1, 6) i", "analyze")
	want := state(t, from)
	m := newMove(t, from, to)
	m.env = nil
	p := m.copy(t)
	most := peak(p)
	p.ends(t, 0)
	m.proved(t, want)
	t.Logf("peak %d MiB", most())
	if most() > 64 {
		t.Errorf("peak %d MiB, promised are 64", most())
	}
}

// peak watches the most memory that a process has had, in MiB, up to a few
// milliseconds before its end. What the kernel tells at the end begins with the
// memory of whoever started the process.
func peak(p *process) func() int {
	most, done := 0, make(chan struct{})
	go func() {
		defer close(done)
		for {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
			_, rest, _ := strings.Cut(string(status), "VmHWM:")
			var kib int
			if n, _ := fmt.Sscan(rest, &kib); n == 1 {
				most = kib >> 10
			}
			select {
			case <-p.ended:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() int { <-done; return most }
}

// limitFiles sets how large a file of a process may grow.
func limitFiles(t *testing.T, pid int, size uint64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: size, Max: size}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
}

// TestLoadMemory loads a million records, one in twenty of them bad: what is
// needed for it depends neither on their number nor on how many are bad.
func TestLoadMemory(t *testing.T) {
	slow(t)
	for name, good := range map[string]bool{"good": true, "bad": false} {
		t.Run(name, func(t *testing.T) {
			m := newLoad(t, 1_000_000)
			m.env = m.env[1:] // chunks as they are in earnest
			pgtest.Exec(t, m.from, "update shop.orders set customer = 'somebody' where customer is null", "update shop.orders set code = 'code ' || id where code = 'twice'")
			exit := 0
			if !good {
				exit = 3
				pgtest.Exec(t, m.from, "update shop.orders set customer = null where id % 25 = 3", "update shop.orders set code = 'twice' where id % 100 = 7")
			}
			p := m.load(t)
			most := peak(p)
			select { // longer than others may take
			case <-p.ended:
			case <-time.After(20 * time.Minute):
			}
			p.ends(t, exit)
			m.loaded(t)
			t.Logf("peak %d MiB, %s of processor time", most(), p.ProcessState.UserTime()+p.ProcessState.SystemTime())
			if most() > 200 {
				t.Errorf("peak %d MiB, promised are 200", most())
			}
		})
	}
}

// TestCallsMemory gives large records to an API: what is needed for it does not
// depend on how many they are.
func TestCallsMemory(t *testing.T) {
	slow(t)
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 24, created)
	pgtest.Exec(t, m.from, "update item set title = repeat(md5(id), 256 * 1024)")
	m.env = []string{"TOKEN=" + token}
	write(t, filepath.Dir(m.ledger), "godwit.yaml", fmt.Sprintf(`connections:
  old: {postgres: {url: %q}}
  api: {http: {url: %q, auth: {bearer: {env: TOKEN}}, limit: {concurrency: 8}}}
`, m.from, s.URL()))
	p := m.load(t)
	most := peak(p)
	p.ends(t, 0)
	if v := s.Verdict(); v.Writes != 24 {
		t.Errorf("%d writes of 24 records", v.Writes)
	}
	t.Logf("peak %d MiB with 24 records of 8 MB", most())
	if most() > 230 {
		t.Errorf("peak %d MiB", most())
	}
}
