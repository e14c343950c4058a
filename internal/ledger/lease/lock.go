package lease

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"godwit/internal/fault"
)

// Lock is a flock(2) on a file beside the ledger: the kernel frees it with its
// process, so a free one says at once that no owner lives. It gives speed
// only; safety is the token's. A nil lock may be given back too.
type Lock struct{ file *os.File }

// Hold returns nil when another process, or another session of this one,
// holds the file's lock.
func Hold(path string) (*Lock, error) {
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, lockFault(path, err)
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			if shared(f) { // with somebody who only asks: Held
				f.Close()
				continue
			}
			if err = errors.Join(err, f.Close()); errors.Is(err, unix.EWOULDBLOCK) {
				return nil, nil
			}
			return nil, lockFault(path, err)
		}
		// The file may have been removed between open and flock: then
		// others would lock another one of this name.
		if sameFile(f, path) {
			return &Lock{f}, nil
		}
		if err := f.Close(); err != nil {
			return nil, lockFault(path, err)
		}
	}
}

// Held asks whether a process holds the file's lock. It shares the lock for
// the moment of the question, which Hold tells from an owner's. What cannot
// be asked is taken for held.
func Held(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return !errors.Is(err, os.ErrNotExist)
	}
	defer f.Close()
	return !shared(f)
}

func shared(f *os.File) bool { return unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil }

// Replace locks a new file under the name: who holds the old one's lock
// (a stopped process whose lease is over) holds nothing any more.
func Replace(path string) (*Lock, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, lockFault(path, err)
	}
	return Hold(path)
}

func sameFile(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}

// Remove deletes the lock's file, if it is still the one of that name, and
// frees the lock.
func (l *Lock) Remove(path string) {
	if l == nil {
		return
	}
	if sameFile(l.file, path) {
		_ = os.Remove(path) // left behind it does no harm
	}
	l.Free()
}

// Free frees the lock and leaves the file.
func (l *Lock) Free() {
	if l != nil {
		_ = l.file.Close()
	}
}

func lockFault(path string, err error) error {
	return fault.New(fault.Config, "ledger.denied", "lock %s: %w", path, err).
		Hint("make the ledger's folder writable")
}
