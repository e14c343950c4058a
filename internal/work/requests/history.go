package requests

import (
	"context"
	"encoding/json"
	"time"

	"godwit/internal/unit"
)

// History is the ledger's side: that a request is about to leave, and what became
// of it. Safe for concurrent use.
type History interface {
	// Intend is durable when it returns: only then may the request leave.
	Intend(ctx context.Context, id string, attempt int, key string) error
	// Void says that an attempt took no effect, for sure.
	Void(ctx context.Context, id string, attempt int) error
	// Remember keeps the answer.
	Remember(ctx context.Context, id string, attempt int, facts json.RawMessage) error
	// Intents are a unit's, the oldest first, since it was last taken back; of a unit
	// that takes another one back, since that one was sent last ("" = of no other).
	Intents(ctx context.Context, id, of string) ([]unit.Intent, error)
	// Answered is what a person said since about a request in doubt.
	Answered(ctx context.Context, id string, since time.Time) (took, ok bool, err error)
}

// last is what may be in effect, nil when nothing is.
func last(all []unit.Intent) *unit.Intent {
	for i := len(all) - 1; i >= 0; i-- {
		if !all[i].Void {
			return &all[i]
		}
	}
	return nil
}
