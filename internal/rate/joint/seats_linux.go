package joint

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// lookEvery is how often it is looked for a seat that another process gave back, and
// whether another one waits.
const lookEvery = 5 * time.Millisecond

// held are the seats that a process has. One that was left is kept for the next request,
// without a word to the kernel: as long as nobody else waits, and while it is needed now
// and then.
type held struct {
	look chan struct{} // held by the one that looks for a seat
	free chan struct{} // has something when one was kept

	mu    sync.Mutex
	mine  map[int]bool // kept ones among them
	kept  []int
	spare int  // of the kept ones, that nobody has needed since tend
	many  int  // seats that there are, as it was said last
	waits bool // somebody here

	others int       // processes that wait, as it was
	asked  time.Time // then
	left   time.Time // when a seat was given back last
	tended bool      // tend is about to come
}

func newHeld() held {
	return held{look: make(chan struct{}, 1), free: make(chan struct{}, 1), mine: map[int]bool{}}
}

// forget leaves the kept seats to Close.
func (h *held) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept = nil
}

// Sit waits for one of so many seats, 0 is any. While others wait, too, a process has no more
// than its part of them. The error is the context's.
func (j *Joint) Sit(ctx context.Context, many func() int) (seat int, err error) {
	h := &j.held
	select {
	case h.look <- struct{}{}:
		defer func() { <-h.look }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if seat, ok := j.seat(many()); ok {
		return seat, nil
	}
	j.wait(unix.F_WRLCK)
	defer j.wait(unix.F_UNLCK)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		if seat, ok := j.seat(many()); ok { // one may have been kept just before
			return seat, nil
		}
		select {
		case <-look.C:
		case <-h.free:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// wait tells the others, and who gives a seat back here, that somebody waits or does not.
func (j *Joint) wait(lock int16) {
	j.held.mu.Lock()
	defer j.held.mu.Unlock()
	j.held.waits = lock == unix.F_WRLCK
	j.lock(waits+int64(j.me), lock)
}

// seat takes a free one: one that was kept, or else another. In the place of each that a
// stopped process has there is another one.
func (j *Joint) seat(many int) (int, bool) {
	h := &j.held
	h.mu.Lock()
	defer h.mu.Unlock()
	if many == 0 { // there is a limit no more, but was when it was asked for
		many = mostSeats
	}
	h.many = many
	if others := j.ask(len(h.kept) > 0); !h.may(others) {
		return 0, false
	}
	for n := len(h.kept) - 1; n >= 0; n = len(h.kept) - 1 {
		seat := h.kept[n]
		if seat >= many { // there are fewer by now
			j.give(1)
			continue
		}
		h.kept = h.kept[:n]
		h.spare = min(h.spare, n)
		return seat, true
	}
	return j.another(many)
}

// may reports whether the process may have one seat more beside others that wait.
func (h *held) may(others int) bool {
	switch {
	case len(h.mine)-len(h.kept) >= (h.many+others)/(others+1):
		return false
	case others >= h.many && time.Since(h.left) < 2*lookEvery: // there is not one for each: in turn
		return false
	}
	return true
}

// another takes a seat that this process does not have.
func (j *Joint) another(many int) (int, bool) {
	for seat, upTo := 0, many; seat < min(upTo, mostSeats); seat++ {
		switch {
		case j.held.mine[seat]:
		case j.lock(seats+int64(seat), unix.F_WRLCK):
			j.whose[seat].Store(int64(j.me) + 1)
			j.held.mine[seat] = true
			return seat, true
		case j.stopped(int(j.whose[seat].Load()) - 1):
			upTo++
		}
	}
	return 0, false
}

// ask tells how many other processes wait for a seat, or did so lately where that does.
// What was kept is theirs, and they have others in the place of what was kept when this
// process was stopped.
func (j *Joint) ask(lately bool) int {
	h := &j.held
	if now := time.Now(); !lately || now.Sub(h.asked) >= lookEvery {
		asked := h.asked
		if h.others, h.asked = j.others(), now; h.others > 0 || now.Sub(asked) >= stopped {
			j.give(len(h.kept))
		}
	}
	return h.others
}

// others is how many other processes wait for a seat.
func (j *Joint) others() (n int) {
	for from := int64(waits); from < waits+processes; {
		l := unix.Flock_t{Type: unix.F_WRLCK, Start: from, Len: waits + processes - from}
		if unix.FcntlFlock(j.file.Fd(), unix.F_OFD_GETLK, &l) != nil || l.Type == unix.F_UNLCK {
			return n
		}
		if from = l.Start + 1; !j.stopped(int(l.Start - waits)) {
			n++
		}
	}
	return n
}

// Leave gives a seat back. Who waits here has it, unless it is more than what is sure to
// be this process's part.
func (j *Joint) Leave(seat int) {
	h := &j.held
	h.mu.Lock()
	defer h.mu.Unlock()
	others := j.ask(true)
	h.kept = append(h.kept, seat)
	if others > 0 && (!h.waits || len(h.mine)-len(h.kept) >= h.many/(others+1)) {
		j.give(1)
		return
	}
	if !h.tended {
		h.tended, h.spare = true, 0
		time.AfterFunc(lookEvery, j.tend)
	}
	if h.waits {
		select {
		case h.free <- struct{}{}:
		default:
		}
	}
}

// tend gives those of the kept seats back that nobody has needed for a while, or all of
// them when others wait.
func (j *Joint) tend() {
	h := &j.held
	h.mu.Lock()
	defer h.mu.Unlock()
	j.ask(false)
	j.give(min(h.spare, len(h.kept)))
	if h.spare, h.tended = len(h.kept), len(h.kept) > 0; h.tended {
		time.AfterFunc(lookEvery, j.tend)
	}
}

// give gives as many of the kept seats back, those that were kept last.
func (j *Joint) give(n int) {
	h := &j.held
	for range n {
		seat := h.kept[len(h.kept)-1]
		h.kept = h.kept[:len(h.kept)-1]
		delete(h.mine, seat)
		j.whose[seat].Store(0)
		j.lock(seats+int64(seat), unix.F_UNLCK)
	}
	if n > 0 {
		h.spare, h.left = min(h.spare, len(h.kept)), time.Now()
	}
}

// lock changes the lock of a byte, if no other process has it.
func (j *Joint) lock(at int64, to int16) bool {
	l := unix.Flock_t{Type: to, Start: at, Len: 1}
	return unix.FcntlFlock(j.file.Fd(), unix.F_OFD_SETLK, &l) == nil
}
