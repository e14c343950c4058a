//go:build points

package produce

import (
	"os"
	"strconv"
)

// init takes how many changed keys a unit holds from GODWIT_CHANGED, in binaries built
// for tests (tag points) only.
func init() {
	if n, err := strconv.Atoi(os.Getenv("GODWIT_CHANGED")); err == nil {
		mostChanged = n
	}
}
