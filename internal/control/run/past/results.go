package past

import (
	"context"
	"encoding/json"

	"godwit/internal/unit"
)

// noted is what a statement gave, told before it is committed.
const noted = "result.noted"

// Remember is statement.History's.
func (p Past) Remember(ctx context.Context, id string, attempt int, facts json.RawMessage) error {
	return p.Own.Note(ctx, unit.Event{Kind: noted, Unit: id, Attempt: attempt, Body: facts})
}

// Undoing is statement.History's: what the journal says since the statement was
// last done.
func (p Past) Undoing(ctx context.Context, statement, undo string, attempt int) (done, tried bool, err error) {
	view := p.Ledger.View()
	ran, err := view.UnitEvents(ctx, p.Run, statement)
	if err != nil {
		return false, false, err
	}
	taken, err := view.UnitEvents(ctx, p.Run, undo)
	if err != nil {
		return false, false, err
	}
	since := int64(0)
	for _, e := range ran {
		switch e.Kind {
		case unit.UnitDone:
			done, since = true, e.Seq
		case unit.UnitStarted, unit.UnitUndone:
			done = false
		}
	}
	for _, e := range taken {
		tried = tried || e.Kind == unit.UnitStarted && e.Seq > since && e.Attempt < attempt
	}
	return done, tried, nil
}

// Remembered is statement.History's.
func (p Past) Remembered(ctx context.Context, id string, attempt int) (json.RawMessage, bool, error) {
	events, err := p.Ledger.View().UnitEvents(ctx, p.Run, id)
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
