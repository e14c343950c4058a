//go:build points

package exceptions

import (
	"os"
	"strconv"
)

// Binaries for tests cut few exceptions into many pages, and so into chunks.
func init() {
	if n, err := strconv.Atoi(os.Getenv("GODWIT_EXCEPTIONS")); err == nil {
		exceptionsInPage = n
	}
}
