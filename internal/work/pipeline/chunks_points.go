//go:build points

package pipeline

import (
	"os"
	"strconv"
)

// init takes the records of a chunk from GODWIT_RECORDS, in binaries built for
// tests (tag points) only.
func init() {
	if n, err := strconv.ParseInt(os.Getenv("GODWIT_RECORDS"), 10, 64); err == nil && n > 0 {
		chunkRecords = n
	}
}
