//go:build unix

package socket

import "syscall"

// silent reports whether a connection is open and has nothing to be read.
func silent(fd uintptr) bool {
	var one [1]byte
	_, err := syscall.Read(int(fd), one[:])
	return err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
}
