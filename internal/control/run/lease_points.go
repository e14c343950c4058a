//go:build points

package run

import (
	"os"
	"time"
)

// init takes the length of the lease from GODWIT_LEASE, in binaries built for
// tests (tag points) only.
func init() {
	if d, err := time.ParseDuration(os.Getenv("GODWIT_LEASE")); err == nil && d > 0 {
		lease = d
	}
}
