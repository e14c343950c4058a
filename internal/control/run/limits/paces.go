// Package limits is what a run's connections may bear while it goes on: as the
// project declares it, as people have tuned it. All runs of a process that use the
// same connection share one pace, and the paces of processes with the same ledger
// keep to its limit together. Start at Paces, then Request.
package limits

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/rate"
	"godwit/internal/rate/joint"
	"godwit/internal/unit"
)

// Paces are those of a process, by connection. Safe for concurrent use; nil shares
// and tunes nothing.
type Paces struct {
	mu  sync.Mutex
	all map[string]*shared // by what the connection is, see key
	// tuned is what people made of limits: of one connection, by its key, or of all
	// that have a name.
	tuned  map[string]tuned
	beside func(name string) string
	joint  []*joint.Joint
}

// shared is a pace that endpoints share.
type shared struct {
	*connector.Pace
	name string // of the connection
	tuned
}

// tuned is what people made of a connection's limit, the last one of them.
type tuned struct {
	rate.Tune
	by string
}

// New has no paces yet. Processes that have the same files beside their ledger, by
// names, share their limits; nil: this one keeps to them alone.
func New(beside func(name string) string) *Paces {
	return &Paces{all: map[string]*shared{}, tuned: map[string]tuned{}, beside: beside}
}

// Close leaves the limits to other processes. No pace may be used afterwards.
func (p *Paces) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, s := range p.all {
		s.Join(nil)
	}
	for _, j := range p.joint {
		errs = append(errs, j.Close())
	}
	p.joint = nil
	return errors.Join(errs...)
}

// key is what a connection is: the same name may stand for another one in each
// flow that is called.
func key(name string, c flow.BoundConnection) string {
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		panic("encode settings: " + err.Error()) // the run keeps them
	}
	return fmt.Sprintf("%s %s %s", name, c.System, settings)
}

// Share has an endpoint that was just opened keep to the pace of its connection.
func (p *Paces) Share(name string, c flow.BoundConnection, ep connector.Endpoint) error {
	paced, ok := ep.(connector.Paced)
	if p == nil || !ok {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at := key(name, c)
	if p.all[at] == nil {
		t, own := p.tuned[at]
		if !own {
			t = p.tuned[name]
		}
		if err := p.join(at, paced.Pace()); err != nil {
			return err
		}
		p.all[at] = &shared{Pace: paced.Pace(), name: name}
		p.all[at].tune(t)
	}
	paced.Share(p.all[at].Pace)
	return nil
}

// join has a pace keep to its limit together with those of other processes.
func (p *Paces) join(at string, pace *connector.Pace) error {
	if p.beside == nil || !pace.Limited() {
		return nil
	}
	sum := sha256.Sum256([]byte(at))
	j, err := joint.Open(p.beside("pace~" + hex.EncodeToString(sum[:8])))
	if err != nil {
		return fault.New(fault.Config, "ledger.denied", "share the limit of %s with other processes: %w", pace.Name, err).Hint("make the ledger's folder writable")
	}
	if j != nil {
		p.joint = append(p.joint, j)
		pace.Join(j)
	}
	return nil
}

func (s *shared) tune(t tuned) {
	s.tuned = t
	s.Pace.Tune(t.Tune)
}

func by(e unit.Event) string {
	text := "tuned"
	if e.Actor != "" {
		text += " by " + e.Actor
	}
	if e.Reason != "" {
		text += fmt.Sprintf(" %q", e.Reason)
	}
	return text
}

// Watch is what one run's connections wait for, from now on.
type Watch struct {
	paces *Paces
	named map[string]flow.BoundConnection // the run's
	since map[*connector.Pace]rate.Held
	open  func() []string
}

// Watch begins to look at a run's connections, those that are open.
func (p *Paces) Watch(named map[string]flow.BoundConnection, open func() []string) *Watch {
	w := &Watch{paces: p, named: named, since: map[*connector.Pace]rate.Held{}, open: open}
	if p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, s := range p.all {
			w.since[s.Pace] = s.State().Held
		}
	}
	return w
}

// Fold does what run.tuned says of connections; any other event is passed over. A
// run that was called by another one tunes its own connections, any other run those
// of the runs that it calls, too.
func (w *Watch) Fold(e unit.Event, called bool) {
	if w.paces == nil || e.Kind != unit.RunTuned {
		return
	}
	t, err := unit.Decode[unit.Tuned](e)
	if err != nil {
		return // the Machine says so
	}
	w.paces.mu.Lock()
	defer w.paces.mu.Unlock()
	for name, to := range t.Connections {
		at, t := name, tuned{to, by(e)}
		if called {
			at = key(name, w.named[name])
		}
		w.paces.tuned[at] = t
		for k, s := range w.paces.all {
			if k == at || s.name == at {
				s.tune(t)
			}
		}
	}
}

func (w *Watch) each(do func(*connector.Pace, tuned)) {
	if w.paces == nil {
		return
	}
	names := w.open()
	w.paces.mu.Lock()
	defer w.paces.mu.Unlock()
	for _, name := range names {
		if s := w.paces.all[key(name, w.named[name])]; s != nil {
			do(s.Pace, s.tuned)
		}
	}
}

// Waits tells which paces the work of a label waits for.
func (w *Watch) Waits(label string) (all []unit.Wait) {
	w.each(func(pace *connector.Pace, t tuned) {
		for _, one := range pace.Waits(label) {
			all = append(all, unit.Wait{Gate: one.Gate, Text: one.Text + t.said(pace.State()), Since: one.Since})
		}
	})
	return all
}

// said adds who tuned a limit, where that is what holds.
func (t tuned) said(s rate.State) string {
	if s.By == rate.ByTune || t.Concurrency > 0 && s.Concurrency == t.Concurrency {
		return ", " + t.by
	}
	return ""
}

// doing is what a limit does, in the rows that are kept for other processes to see.
const doing = "limit"

// Rows are the limits in force, as rows of progress.
func (w *Watch) Rows(now time.Time) (rows []unit.Progress) {
	w.each(func(pace *connector.Pace, t tuned) {
		s := pace.State()
		if s.Rate == 0 && s.Concurrency == 0 && s.Away.IsZero() && s.Until.IsZero() {
			return
		}
		rows = append(rows, unit.Progress{Unit: pace.Name, At: now, Doing: doing,
			Waits: []unit.Wait{{Gate: doing, Text: connector.Allowed(s) + t.said(s)}}})
	})
	return rows
}

// Limit is what holds for a connection, in words.
type Limit struct {
	Connection string `json:"connection"`
	Text       string `json:"limit"`
}

// Of is the limit that a row of progress stands for; false when it stands for work.
func Of(row unit.Progress) (Limit, bool) {
	if row.Doing != doing || len(row.Waits) == 0 {
		return Limit{}, false
	}
	return Limit{row.Unit, row.Waits[0].Text}, true
}

// Held is for how long requests waited since Watch began.
func (w *Watch) Held() (all []unit.Held) {
	w.each(func(pace *connector.Pace, _ tuned) {
		now, before := pace.State().Held, w.since[pace]
		h := unit.Held{Connection: pace.Name, Limit: (now.Limit - before.Limit).Seconds(), Other: (now.Other - before.Other).Seconds()}
		if h.Limit+h.Other >= 0.1 {
			all = append(all, h)
		}
	})
	return all
}
