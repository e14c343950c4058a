//go:build points

package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// testPoint makes a binary built with the tag points end itself by kill -9 at
// GODWIT_KILL_AT=POINT:N, the Nth time the point is passed (POINT@UNIT:N by a
// unit with that in its name), or stop itself (SIGSTOP) at GODWIT_STOP_AT, of
// which there may be several with commas between them; GODWIT_POINTS names a file to which every point
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
		if kill != nil && kill(point, unit) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way
		}
		if stop != nil && stop(point, unit) {
			goes := make(chan os.Signal, 1)
			signal.Notify(goes, syscall.SIGCONT)
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
			<-goes // the signal is on its way: nothing is done meanwhile
			signal.Stop(goes)
		}
	}
}

// countdown reads POINT:N or POINT@UNIT:N, or several, from the environment;
// what it returns is true the Nth time that it is called with one of them.
func countdown(name string) func(point, unit string) bool {
	type place struct {
		point, unit string
		n           int
	}
	var places []*place
	for _, text := range strings.Split(os.Getenv(name), ",") {
		at, times, _ := strings.Cut(text, ":")
		p := &place{}
		p.point, p.unit, _ = strings.Cut(at, "@")
		p.n, _ = strconv.Atoi(times)
		if at != "" {
			places = append(places, p)
		}
	}
	if places == nil {
		return nil
	}
	return func(point, unit string) (now bool) {
		for _, p := range places {
			if p.point == point && strings.Contains(unit, p.unit) {
				p.n--
				now = now || p.n == 0
			}
		}
		return now
	}
}
