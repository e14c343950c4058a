//go:build points

package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// testPoint makes a binary built with the tag points end itself by kill -9 at
// GODWIT_KILL_AT=POINT:N, the Nth time the point is passed, or stop itself
// (SIGSTOP) at GODWIT_STOP_AT; GODWIT_POINTS names a file to which every point
// passed is appended.
func testPoint() func(point, unit string) {
	signal.Ignore(syscall.SIGXFSZ) // a file that may not grow is an error, as a full disk is
	var mu sync.Mutex
	kill, stop := countdown("GODWIT_KILL_AT"), countdown("GODWIT_STOP_AT")
	path := os.Getenv("GODWIT_POINTS")
	if kill == nil && stop == nil && path == "" {
		return nil
	}
	return func(point, unit string) {
		mu.Lock()
		defer mu.Unlock()
		if path != "" {
			if f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err == nil {
				fmt.Fprintln(f, point, unit)
				f.Close()
			}
		}
		if kill != nil && kill(point) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way
		}
		if stop != nil && stop(point) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		}
	}
}

// profile writes a profile of the CPU to the file of GODWIT_PROFILE.
func profile() (end func()) {
	f, err := os.Create(os.Getenv("GODWIT_PROFILE"))
	if err != nil || pprof.StartCPUProfile(f) != nil {
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}
}

// countdown reads POINT:N from the environment; what it returns is true the
// Nth time that it is called with the point.
func countdown(name string) func(point string) bool {
	at, times, _ := strings.Cut(os.Getenv(name), ":")
	if at == "" {
		return nil
	}
	n, _ := strconv.Atoi(times)
	return func(point string) bool {
		if point == at {
			n--
		}
		return point == at && n == 0
	}
}
