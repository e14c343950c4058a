package ledger_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/unit"
)

// childRole makes the test binary another process at the ledger: it obeys one
// word per line of its input and answers each with a line.
const childRole = "GODWIT_LEDGER_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childRole); path != "" {
		if err := childMain(path); err != nil {
			fmt.Println("error", fault.CodeOf(err), err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func childMain(path string) error {
	c := child{ctx: context.Background(), path: path}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		answer, err := c.obey(in.Text())
		if err != nil {
			answer = fault.CodeOf(err)
		}
		fmt.Println(answer)
	}
	return nil
}

type child struct {
	ctx      context.Context
	path     string
	ledger   *ledger.Ledger
	session  *ledger.Session
	prepared int
}

func (c *child) chunk(number string) (n int, err error) {
	if _, err := fmt.Sscan(number, &n); err != nil {
		return 0, err
	}
	l := &load{session: c.session, unit: "a", entity: "film"}
	chunk, exceptions := l.drafted(n, 2)
	return n, c.session.Prepare(c.ctx, "a", c.session.Token()<<16|1, chunk, exceptions, nil)
}

func (c *child) obey(word string) (answer string, err error) {
	switch verb, arg, _ := strings.Cut(word, " "); verb {
	case "open":
		c.ledger, err = ledger.Open(c.ctx, c.path)
		return "opened", err
	case "own":
		run, err := c.ledger.Find(c.ctx, arg)
		if err != nil {
			return "", err
		}
		c.session, err = c.ledger.Own(c.ctx, run, "child", 300*time.Millisecond)
		return "owned", err
	case "start":
		return "started", c.turn(unit.Change{Events: []unit.Event{
			{Kind: unit.UnitExpanded, Body: unit.Body(unit.Expanded{Units: []unit.Unit{{ID: "a", Step: "copy", Kind: "data"}}})},
			{Kind: unit.UnitStarted, Unit: "a", Attempt: 1},
		}})
	case "prepare": // chunk N of unit a, two records of it dead, and settle it
		c.prepared, err = c.chunk(arg)
		return "prepared", err
	case "settle":
		return "settled", c.session.Settle(c.ctx, "a", c.session.Token()<<16|1, c.prepared)
	case "finish":
		fence := c.session.Token()<<16 | 1
		return "finished", c.turn(unit.Change{Unit: "a", Fence: fence, Events: []unit.Event{{Kind: unit.UnitDone, Unit: "a", Attempt: 1}}})
	case "hundred": // turns, one after the other
		for range 100 {
			if err := c.turn(unit.Change{Events: []unit.Event{{Kind: unit.NodeEntered}}}); err != nil {
				return "", err
			}
		}
		return "hundred", nil
	case "limit": // what a file may have in bytes, as a full disk would
		signal.Ignore(syscall.SIGXFSZ)
		var limit syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return "", err
		}
		if _, err := fmt.Sscan(arg, &limit.Cur); err != nil {
			return "", err
		}
		return "limited", syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	case "fill": // until it is refused; answers how many turns there were
		for n := 0; ; n++ {
			err := c.turn(unit.Change{Events: []unit.Event{{Kind: unit.NodeEntered, Reason: strings.Repeat("x", 9000)}}})
			if err != nil {
				return fmt.Sprint(n, " ", fault.CodeOf(err)), nil
			}
		}
	}
	return "", fault.New(fault.Internal, "word", "unknown word %q", word)
}

func (c *child) turn(change unit.Change) error {
	_, err := c.session.Turn(c.ctx, func([]unit.Event, time.Time) (unit.Change, error) { return change, nil })
	return err
}

// process is a child seen from the test.
type process struct {
	*testing.T
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Reader
}

func spawn(t *testing.T, path string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+path)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t, cmd, in, bufio.NewReader(out)}
	t.Cleanup(p.kill)
	return p
}

func (p *process) tell(word string) {
	p.Helper()
	if _, err := fmt.Fprintln(p.in, word); err != nil {
		p.Fatal(err)
	}
}

func (p *process) answer() string {
	p.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func (p *process) ask(word, want string) {
	p.Helper()
	p.tell(word)
	if got := p.answer(); got != want {
		p.Fatalf("%s: answered %q, want %q", word, got, want)
	}
}

func (p *process) signal(s os.Signal) {
	p.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.Fatal(err)
	}
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func newRun(t *testing.T, l *ledger.Ledger) ledger.Run {
	t.Helper()
	r, err := l.Start(context.Background(), ledger.NewRun{Flow: "copy"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func crashed(t *testing.T, s *ledger.Session) bool {
	t.Helper()
	events, err := s.Load(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := unit.Decode[unit.Resumed](events[len(events)-1])
	if err != nil {
		t.Fatal(err)
	}
	return r.Crashed
}

func TestKilledOwnerIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	l := open(t)
	run := newRun(t, l)
	p := spawn(t, l.Path())
	p.ask("open", "opened")
	p.ask("own "+run.Name(), "owned")
	p.ask("start", "started")
	p.kill()
	s, err := l.Own(context.Background(), run, "parent", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release(context.Background())
	if !crashed(t, s) {
		t.Error("the killed owner is not said to have crashed")
	}
	units, err := l.View().Units(context.Background(), run.ID, ledger.Filter{State: ledger.Ready}, 0)
	if err != nil || len(units) != 1 || units[0].Crashes != 1 {
		t.Errorf("units: %+v, %v", units, err)
	}
}

// A load is killed between the two; the target had committed, or had not.
func TestKilledBetweenPrepareAndSettle(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		word   string // the last that it got
		there  bool   // the target has chunk 2
		states string
	}{
		"prepared, and the target has it":     {"prepare 2", true, "settled settled"},
		"prepared, and the target has it not": {"prepare 2", false, "settled"},
		"settled":                             {"settle", true, "settled settled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killedLoad(t, c.word, c.there, c.states)
		})
	}
}

func killedLoad(t *testing.T, last string, there bool, want string) {
	ctx := context.Background()
	l := open(t)
	run := newRun(t, l)
	p := spawn(t, l.Path())
	p.ask("open", "opened")
	p.ask("own "+run.Name(), "owned")
	p.ask("start", "started")
	p.ask("prepare 1", "prepared")
	p.ask("settle", "settled")
	p.ask("prepare 2", "prepared")
	if last == "settle" {
		p.ask("settle", "settled")
	}
	p.kill()
	path := l.Path()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = reopen(t, path)
	shown := func() int64 {
		n, err := l.View().Exceptions().Count(ctx, run.ID, exception.Filter{State: exception.All})
		if err != nil {
			t.Fatal(err)
		}
		return n.Records
	}
	if n, want := shown(), map[string]int64{"settle": 4, "prepare 2": 2}[last]; n != want {
		t.Errorf("%d exceptions are shown after the kill, want %d", n, want)
	}
	s, err := l.Own(ctx, run, "parent", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release(ctx)
	u := &load{t, s, "a", "film", s.Token()<<16 | 2}
	u.turn(unit.Change{Events: []unit.Event{{Kind: unit.UnitStarted, Unit: "a", Attempt: 2}}})
	if there {
		u.settle(2)
	} else if err := s.Discard(ctx, "a", u.fence, 2); err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, c := range u.chunks() {
		states = append(states, c.State)
	}
	if got := strings.Join(states, " "); got != want {
		t.Errorf("chunks are %s, want %s", got, want)
	}
	if n := shown(); n != int64(2*len(states)) {
		t.Errorf("%d exceptions of %d chunks", n, len(states))
	}
	u.chunk(len(states)+1, 1)
	breaches, err := l.Check(ctx, run)
	if err != nil || len(breaches) != 0 {
		t.Errorf("check: %v, %v", breaches, err)
	}
}

func TestStoppedOwnerIsFencedOff(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	l := open(t)
	run := newRun(t, l)
	p := spawn(t, l.Path())
	p.ask("open", "opened")
	p.ask("own "+run.Name(), "owned")
	p.ask("start", "started")
	p.signal(syscall.SIGSTOP)
	s := ownWhenOver(t, l, run)
	if !crashed(t, s) {
		t.Error("the stopped owner is not said to have crashed")
	}
	p.signal(syscall.SIGCONT)
	p.ask("finish", "run.fenced")
	p.ask("own "+run.Name(), "run.owned")
	p.kill() // and the lock of the dead one gives nothing away
	if _, err := l.Own(ctx, run, "third", time.Minute); fault.CodeOf(err) != "run.owned" {
		t.Errorf("a third owner: %v", err)
	}
	if err := s.Release(ctx); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Dir(l.Path()) + "/*.lock")
	if err != nil || len(left) != 0 {
		t.Errorf("locks left: %v, %v", left, err)
	}
	breaches, err := l.Check(ctx, run)
	if err != nil || len(breaches) != 0 {
		t.Errorf("check: %v, %v", breaches, err)
	}
}

// ownWhenOver asks until the other owner's lease is over; before that it must
// be refused.
func ownWhenOver(t *testing.T, l *ledger.Ledger, run ledger.Run) *ledger.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for refused := 0; ; refused++ {
		s, err := l.Own(ctx, run, "parent", time.Minute)
		if err == nil {
			if refused == 0 {
				t.Error("taken over before the lease was over")
			}
			return s
		}
		if fault.CodeOf(err) != "run.owned" {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
			t.Fatal("the lease did not end")
		case <-again.C:
		}
	}
}

func TestProcessesShareALedger(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "ledger.db")
	var all []*process
	for range 4 {
		all = append(all, spawn(t, path))
	}
	for _, p := range all { // all at once at a file that is not there
		p.tell("open")
	}
	for _, p := range all {
		if got := p.answer(); got != "opened" {
			t.Fatal(got)
		}
	}
	l := reopen(t, path)
	var runs []ledger.Run
	for _, p := range all {
		run := newRun(t, l)
		runs = append(runs, run)
		p.ask("own "+run.Name(), "owned")
	}
	for _, p := range all {
		p.tell("hundred")
	}
	var longest time.Duration
	for range 20 { // somebody asks for something meanwhile
		began := time.Now()
		if _, err := l.Ask(ctx, runs[0], ledger.Action{Verb: "pause"}); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, time.Since(began))
	}
	t.Logf("longest wait beside 4 writers: %s", longest)
	var wait sync.WaitGroup
	for _, p := range all {
		wait.Go(func() {
			if got := p.answer(); got != "hundred" {
				t.Error(got)
			}
		})
	}
	wait.Wait()
	for _, run := range runs {
		events, err := l.View().Events(ctx, run.ID, 0, 0)
		n := 0
		for _, e := range events {
			if e.Kind == unit.NodeEntered {
				n++
			}
		}
		if err != nil || n != 100 {
			t.Errorf("%s has %d nodes, %v", run.Name(), n, err)
		}
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	l := open(t)
	run := newRun(t, l)
	p := spawn(t, l.Path())
	p.ask("open", "opened")
	p.ask("own "+run.Name(), "owned")
	p.ask("limit 370000", "limited")
	p.tell("fill")
	var turns int
	var code string
	if _, err := fmt.Sscan(p.answer(), &turns, &code); err != nil || code != "disk.ledger" || turns == 0 {
		t.Errorf("%d turns, then %q, %v", turns, code, err)
	}
	entered := func() (n int) {
		events, err := l.View().Events(ctx, run.ID, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Kind == unit.NodeEntered {
				n++
			}
		}
		return n
	}
	if n := entered(); n != turns {
		t.Errorf("%d turns were written, %d are there", turns, n)
	}
	p.ask("start", "disk.ledger")
	p.ask("limit 9000000", "limited") // there is room again
	p.ask("start", "started")
	if n := entered(); n != turns {
		t.Errorf("%d turns were written, %d are there", turns, n)
	}
	breaches, err := l.Check(ctx, run)
	if err != nil || len(breaches) != 0 {
		t.Errorf("check: %v, %v", breaches, err)
	}
}
