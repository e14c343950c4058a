package kept

import (
	"context"
	"encoding/json"

	"godwit/internal/unit"
)

// noted is what a statement gave, told before it is committed.
const noted = "result.noted"

// Remember is statement.History's.
func (o Of) Remember(ctx context.Context, id string, attempt int, facts json.RawMessage) error {
	return o.Own.Note(ctx, unit.Event{Kind: noted, Unit: id, Attempt: attempt, Body: facts})
}

// Remembered is statement.History's.
func (o Of) Remembered(ctx context.Context, id string, attempt int) (json.RawMessage, bool, error) {
	events, err := o.Ledger.View().UnitEvents(ctx, o.Run, id)
	if err != nil {
		return nil, false, err
	}
	for _, e := range events {
		if e.Kind == noted && e.Attempt == attempt {
			return e.Body, true, nil
		}
	}
	return nil, false, nil
}
