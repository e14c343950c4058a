//go:build points

package seen

import (
	"os"
	"strconv"
)

// init takes the bytes of a table in memory from GODWIT_INDEX, in binaries built for
// tests (tag points) only.
func init() {
	if n, err := strconv.ParseUint(os.Getenv("GODWIT_INDEX"), 10, 64); err == nil {
		inMemory = n
	}
}
