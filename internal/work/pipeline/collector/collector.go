// Package collector sets the pace of Go's garbage collector while loads run.
package collector

import (
	"os"
	"runtime/debug"
	"sync"
)

// Records are garbage as soon as they are written: a fifth of a load's CPU goes
// into collecting it at Go's usual pace (docs/performance.md). While loads run
// twice as much may lie about; a copy, which makes next to none, keeps to the
// usual.
const loadsPercent = 200

var loads struct {
	sync.Mutex
	running, before int
}

// Relax is called when a load begins, and what it returns when it ends. Who
// sets GOGC decides.
func Relax() func() {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	loads.Lock()
	defer loads.Unlock()
	if loads.running++; loads.running == 1 {
		loads.before = debug.SetGCPercent(loadsPercent)
	}
	return func() {
		loads.Lock()
		defer loads.Unlock()
		if loads.running--; loads.running == 0 {
			debug.SetGCPercent(loads.before)
		}
	}
}
