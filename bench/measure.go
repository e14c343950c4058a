package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// reading is one run of one contender.
type reading struct {
	Wall   float64 `json:"wall"` // seconds; the CPU times too
	Client float64 `json:"client"`
	Source float64 `json:"source"`
	Target float64 `json:"target"`
	Others float64 `json:"others"` // CPU of processes that have nothing to do with it
	Memory int64   `json:"memory"` // the client's processes together (PSS), at their peak
	Peak   int64   `json:"peak"`   // of the largest process that was started (RSS)
	WAL    int64   `json:"wal"`    // written by the target
	Ledger int64   `json:"ledger"` // its size when all was done
	Same   string  `json:"same"`   // what the comparison with the source said
	Failed string  `json:"failed,omitempty"`
	Phases phases  `json:"phases,omitempty"` // of godwit, from its ledger
}

func (r reading) cpu() float64 { return r.Client + r.Source + r.Target }

// client is what a contender starts. Safe for concurrent use.
type client struct {
	mu      sync.Mutex
	running map[int]bool
	cpu     float64
	memory  int64
	peak    int64
	apart   float64 // CPU of an API that records were given to
	ledger  int64   // bytes
}

// run runs a program to its end.
func (c *client) run(ctx context.Context, name string, args ...string) error {
	return c.pipe(ctx, nil, exec.CommandContext(ctx, name, args...))
}

// pipe runs commands that are joined already, and waits for all; between is
// this process's end of what joins them, closed when all have theirs.
func (c *client) pipe(ctx context.Context, between io.Closer, commands ...*exec.Cmd) error {
	said := make([]bytes.Buffer, len(commands))
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	var started []*exec.Cmd
	for i, cmd := range commands {
		cmd.Stderr = &said[i]
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			keep(err)
			break // those before meet the end of the pipe
		}
		c.mark(cmd.Process.Pid, true)
		started = append(started, cmd)
	}
	if between != nil {
		keep(between.Close())
	}
	for i, cmd := range started {
		pid := cmd.Process.Pid
		err := cmd.Wait()
		c.mark(pid, false)
		c.mu.Lock()
		c.cpu += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
		c.mu.Unlock()
		if err != nil {
			text := strings.TrimSpace(said[i].String())
			keep(fmt.Errorf("%s: %w: %s", cmd.Args[0], err, text[max(0, len(text)-400):]))
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return first
}

func (c *client) mark(pid int, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if on {
		c.running[pid] = true
	} else {
		delete(c.running, pid)
	}
}

// watch looks at the client's memory until it is told to end.
func (c *client) watch(end <-chan struct{}) {
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	for {
		select {
		case <-end:
			return
		case <-every.C:
		}
		all, err := look()
		if err != nil {
			continue
		}
		c.mu.Lock()
		var sum int64
		for pid := range c.running {
			for _, p := range all.tree(pid) {
				sum += share(p)
			}
			c.peak = max(c.peak, peak(pid))
		}
		c.memory = max(c.memory, sum)
		c.mu.Unlock()
	}
}

// used is what everybody has used so far.
type used struct {
	at                         time.Time
	source, target, own, total float64
}

func (p *pair) used() (used, error) {
	all, err := look()
	// A process that ends between the look at it and at its parent would count
	// twice: look again until the servers have the same ones two times running.
	for range 50 {
		last := all
		if err == nil {
			all, err = look()
		}
		if err != nil {
			return used{}, err
		}
		if slices.Equal(last.servers(p), all.servers(p)) {
			break
		}
	}
	u := used{at: time.Now()}
	u.source, u.target = all.cpu(p.from.PID()), all.cpu(p.to.PID())
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return used{}, err
	}
	u.own = time.Duration(own.Utime.Nano() + own.Stime.Nano()).Seconds()
	u.total, err = busy()
	return u, err
}

// servers are the processes of both, in order.
func (all processes) servers(p *pair) []int {
	return slices.Sorted(slices.Values(append(all.tree(p.from.PID()), all.tree(p.to.PID())...)))
}

// measure runs a contender's work. A failure of the work is part of the
// reading; the error is one of the bench.
func (p *pair) measure(ctx context.Context, work func(context.Context, *client) error) (reading, error) {
	var from, to string
	const position = "select pg_current_wal_lsn()::text"
	if err := ask(ctx, p.to.URL("postgres"), position, &from); err != nil {
		return reading{}, err
	}
	c := &client{running: map[int]bool{}}
	end := make(chan struct{})
	var watched sync.WaitGroup
	watched.Go(func() { c.watch(end) })
	before, err := p.used()
	if err != nil {
		return reading{}, err
	}
	failed := work(ctx, c)
	after, err := p.used()
	close(end)
	watched.Wait()
	if err != nil {
		return reading{}, err
	}
	r := reading{
		Wall: after.at.Sub(before.at).Seconds(), Client: c.cpu, Memory: c.memory, Peak: c.peak, Ledger: c.ledger,
		Source: after.source - before.source, Target: after.target - before.target + c.apart,
	}
	r.Others = max(0, after.total-before.total-(after.own-before.own)-r.cpu())
	if failed != nil {
		r.Failed = failed.Error()
	}
	if err := ask(ctx, p.to.URL("postgres"), position, &to); err != nil {
		return r, err
	}
	err = ask(ctx, p.to.URL("postgres"), fmt.Sprintf("select ('%s'::pg_lsn - '%s'::pg_lsn)::int8", to, from), &r.WAL)
	return r, err
}
