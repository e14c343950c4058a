package joint

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// table is what stands in the file. Moments are nanoseconds of CLOCK_MONOTONIC, which
// all processes read alike.
type table struct {
	last  atomic.Int64            // the place that was taken last
	beats [processes]atomic.Int64 // when each process was alive last
	whose [mostSeats]atomic.Int64 // process of each seat that is taken, from 1
}

// Seats, waiting and the processes themselves are locks of bytes behind the table
// (F_OFD_SETLK, fcntl(2)), which the kernel frees with their process; nothing is written
// there.
const (
	seats     = 1 << 20 // the first of them
	waits     = 2 << 20 // one for each process
	members   = 3 << 20 // the same
	processes = 256
	mostSeats = 4096
)

const (
	// A process that has not been alive for so long is stopped: what it holds of the
	// seats is not taken from it, and not waited for.
	stopped   = 5 * time.Second
	beatEvery = 500 * time.Millisecond
)

// Joint is one process's part in a schedule and in seats. It is safe for concurrent
// use.
type Joint struct {
	path string
	file *os.File
	*table
	me   int           // of the processes
	over chan struct{} // closed by Close
	held held
}

// Open joins those who have opened the same path, in this process or others.
func Open(path string) (*Joint, error) {
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, err
		}
		j, err := join(path, f)
		if j != nil || err != nil {
			return j, err
		}
	}
}

// join is nil when the file was removed meanwhile.
func join(path string, f *os.File) (*Joint, error) {
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	own, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if named, err := os.Stat(path); err != nil || !os.SameFile(own, named) {
		return nil, f.Close()
	}
	size := int(unsafe.Sizeof(table{}))
	if err := f.Truncate(int64(size)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("map %s: %w", path, err), f.Close())
	}
	j := &Joint{path: path, file: f, table: (*table)(unsafe.Pointer(&mem[0])), over: make(chan struct{}), held: newHeld()}
	for !j.lock(members+int64(j.me), unix.F_WRLCK) {
		if j.me++; j.me == processes {
			return nil, errors.Join(fmt.Errorf("%s: more than %d processes share it", path, processes), f.Close())
		}
	}
	j.beat()
	go j.live(j.over)
	return j, nil
}

// beat says that this process is alive.
func (j *Joint) beat() { j.beats[j.me].Store(clock()) }

func (j *Joint) live(over <-chan struct{}) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			j.beat()
		case <-over:
			return
		}
	}
}

// stopped reports whether a process is there and has not been alive for long.
func (j *Joint) stopped(process int) bool {
	if process < 0 || process >= processes || clock()-j.beats[process].Load() < int64(stopped) {
		return false
	}
	l := unix.Flock_t{Type: unix.F_WRLCK, Start: members + int64(process), Len: 1}
	return unix.FcntlFlock(j.file.Fd(), unix.F_OFD_GETLK, &l) == nil && l.Type != unix.F_UNLCK
}

// Close leaves; the last one takes the file along. Nobody sits behind it.
func (j *Joint) Close() error {
	close(j.over)
	j.held.forget()
	if unix.Flock(int(j.file.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
		_ = os.Remove(j.path) // left behind it does no harm
	}
	// The map stays, since somebody may still look at it, and with it the open file.
	all := unix.Flock_t{Type: unix.F_UNLCK}
	return errors.Join(unix.FcntlFlock(j.file.Fd(), unix.F_OFD_SETLK, &all), unix.Flock(int(j.file.Fd()), unix.LOCK_UN), j.file.Close())
}

// Take takes the next place, one interval behind the last, and at most so far behind
// now; or it says how far away it is, and takes none.
func (j *Joint) Take(every, behind time.Duration) time.Duration {
	for {
		last := j.last.Load()
		now := clock() // behind the look: no place that was taken is later
		place := now - int64(behind)
		if last > 0 && last <= now { // else of an earlier start of the machine
			place = max(last+int64(every), place)
		}
		if place > now {
			return time.Duration(place - now)
		}
		if j.last.CompareAndSwap(last, place) {
			return 0
		}
	}
}

func clock() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic("read CLOCK_MONOTONIC: " + err.Error())
	}
	return t.Nano()
}
