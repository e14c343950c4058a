//go:build points

package assembly

import (
	"os"
	"strconv"
)

// init takes the records of a batch from GODWIT_BATCH, in binaries built for
// tests (tag points) only.
func init() {
	if n, err := strconv.Atoi(os.Getenv("GODWIT_BATCH")); err == nil && n > 0 {
		mostRecords = n
	}
}
