package lease

import (
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

var bootID = sync.OnceValue(func() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id") // proc(5)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(b))
})

// Clock is the machine's start and the milliseconds since then, sleep
// included (CLOCK_BOOTTIME, clock_gettime(2)).
func Clock() (boot string, ms int64) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic("read CLOCK_BOOTTIME: " + err.Error())
	}
	return bootID(), t.Nano() / 1e6
}
