package unit

import (
	"encoding/json"
	"time"
)

// Intent is a request that was about to leave for a system, noted before it did,
// with what became of it.
type Intent struct {
	Attempt int
	At      time.Time
	Key     string          // idempotency key, "" = none
	Void    bool            // it took no effect
	Facts   json.RawMessage // its answer; nil: it is not known
}
