//go:build !linux

package ledger

import "time"

// bootClock is the wall clock where no clock is known that runs through a
// stopped process and a sleeping machine and is named by its start.
func bootClock() (boot string, ms int64) { return "wall", time.Now().UnixMilli() }
