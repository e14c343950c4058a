//go:build !linux

package lease

import "time"

// Clock is the wall clock where no clock is known that runs through a
// stopped process and a sleeping machine and is named by its start.
func Clock() (boot string, ms int64) { return "wall", time.Now().UnixMilli() }
