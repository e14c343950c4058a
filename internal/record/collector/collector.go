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

// loadsBytes is what Go's heap may come to before the collector works harder: a
// load is promised to need 200 MiB, of which the program itself takes some 25.
// Records of many megabytes go beyond it, at the price of its work.
const loadsBytes = 168 << 20

var loads struct {
	sync.Mutex
	running, before int
	limit           int64
}

// Relax is called when a load begins, and what it returns when it ends. Who
// sets GOGC decides; of two limits the lower one holds.
func Relax() func() {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	loads.Lock()
	defer loads.Unlock()
	if loads.running++; loads.running == 1 {
		loads.before, loads.limit = debug.SetGCPercent(loadsPercent), debug.SetMemoryLimit(-1)
		debug.SetMemoryLimit(min(loads.limit, loadsBytes))
	}
	return func() {
		loads.Lock()
		defer loads.Unlock()
		if loads.running--; loads.running == 0 {
			debug.SetGCPercent(loads.before)
			debug.SetMemoryLimit(loads.limit)
		}
	}
}
