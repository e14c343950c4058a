package proxy

import (
	"slices"
	"sync"
	"time"
)

// Cut resets all open connections, both ends, and says how many. New ones pass.
func (p *Proxy) Cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for l := range p.links {
		if p.cutLink(l) {
			n++
		}
	}
	return n
}

// CutEvery cuts all connections again and again until stop is called or the
// proxy closed. Stop may be called twice.
func (p *Proxy) CutEvery(d time.Duration) (stop func()) {
	done := make(chan struct{})
	p.running.Go(func() {
		tick := time.NewTicker(d)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.Cut()
			case <-done:
				return
			case <-p.closed:
				return
			}
		}
	})
	return sync.OnceFunc(func() { close(done) })
}

// CutAfter cuts all connections, once, when n more bytes have passed, both ways
// and all connections together. A negative n takes that back. What a slow reader
// had not taken in yet is lost with the reset, as on a real network.
func (p *Proxy) CutAfter(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fuse = n
}

// Stall holds all bytes back, those of new connections, too. Connections stay
// open; clients only see silence.
func (p *Proxy) Stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stall()
}

// Refuse cuts all connections and resets new ones: an outage.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	p.refusing = true
	p.mu.Unlock()
	p.Cut()
}

// Resume ends Stall and Refuse.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = false
	select {
	case <-p.flow:
	default:
		close(p.flow)
	}
}

// Limit lets at most this many bytes per second pass, both ways and all
// connections together. 0 takes that back.
func (p *Proxy) Limit(bytesPerSecond int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate, p.free = bytesPerSecond, time.Time{}
}

// CutWhen resets one connection, once, in place of passing on the first message
// that matches. The channel gives that message. Each call sets one trap more; a
// trap sees messages from then on, of old connections, too. It needs a proxy in
// front of PostgreSQL.
func (p *Proxy) CutWhen(match func(Message) bool) <-chan Message { return p.set(match, true) }

// StallWhen is Stall, once, when the first message that matches is about to
// pass; after Resume it does.
func (p *Proxy) StallWhen(match func(Message) bool) <-chan Message { return p.set(match, false) }

// CutAtMessage is CutWhen for the n-th message of one side from now on, counted
// over all connections; n starts at 1.
func (p *Proxy) CutAtMessage(from Side, n int) <-chan Message {
	return p.CutWhen(func(m Message) bool {
		if m.From == from {
			n--
		}
		return m.From == from && n == 0
	})
}

// trap is armed until its first match.
type trap struct {
	match func(Message) bool // called under the proxy's lock
	cuts  bool
	told  chan Message
}

func (p *Proxy) set(match func(Message) bool, cuts bool) <-chan Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := &trap{match: match, cuts: cuts, told: make(chan Message, 1)}
	p.traps = append(p.traps, t)
	return t.told
}

// spring shows a message to all traps and tells whether the link was cut.
func (p *Proxy) spring(l *link, m Message) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	wasCut := false
	p.traps = slices.DeleteFunc(p.traps, func(t *trap) bool {
		if wasCut || !t.match(m) {
			return false
		}
		m.Head = slices.Clone(m.Head)
		t.told <- m
		if wasCut = t.cuts; wasCut {
			p.cutLink(l)
		} else {
			p.stall()
		}
		return true
	})
	return wasCut
}

// stall is Stall under the lock.
func (p *Proxy) stall() {
	select {
	case <-p.flow:
		p.flow = make(chan struct{})
	default:
	}
}

// cutLink resets a link under the lock; false when that was done before.
func (p *Proxy) cutLink(l *link) bool {
	select {
	case <-l.gone:
		return false
	default:
		p.cut++
		l.reset()
		return true
	}
}
