//go:build points

package bulk

import (
	"os"
	"strconv"
)

// init takes the size of a chunk from GODWIT_CHUNK, in binaries built for
// tests (tag points) only.
func init() {
	if n, err := strconv.ParseInt(os.Getenv("GODWIT_CHUNK"), 10, 64); err == nil && n > 0 {
		chunkLeast, chunkMost = n, n
	}
}
