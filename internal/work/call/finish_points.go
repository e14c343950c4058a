//go:build points

package call

import (
	"os"
	"strconv"
	"time"
)

// init takes the records that are settled together from GODWIT_SETTLE, and how long
// they wait from GODWIT_SETTLE_EVERY, in binaries built for tests (tag points) only.
func init() {
	if n, err := strconv.ParseInt(os.Getenv("GODWIT_SETTLE"), 10, 64); err == nil && n > 0 {
		settleRecords = n
	}
	if d, err := time.ParseDuration(os.Getenv("GODWIT_SETTLE_EVERY")); err == nil {
		settleEvery = d
	}
}
