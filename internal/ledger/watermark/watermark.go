// Package watermark keeps how far incremental reads have come: one row for each
// step of a flow, its source and its target. It says what is written and read;
// transactions are the ledger's.
package watermark

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/fault"
)

// Put takes the place of what the step had noted before: the run that ended
// last decides, not the one that read furthest. Of two at the same time the
// earlier reader may have written older rows over newer ones.
const Put = `INSERT INTO watermark (flow, step, source, target, meaning, high, run, at)
	VALUES ((SELECT flow FROM run WHERE id = ?), ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT (flow, step, source, target) DO UPDATE SET
		meaning = excluded.meaning, high = excluded.high, run = excluded.run, at = excluded.at`

// Args are the parameters of Put.
func Args(run int64, w catalog.Watermark, now time.Time) []any {
	meaning, err := json.Marshal(w.Meaning)
	if err != nil {
		panic("encode what a watermark is of: " + err.Error()) // texts only
	}
	return []any{run, w.Step, w.Source, w.Target, string(meaning), string(w.High), run, now.UnixMilli()}
}

// Look answers questions about watermarks.
type Look struct {
	DB interface {
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}
	Fault func(error) error
}

// Of is how far a step of a flow has read between two databases, nil when it
// never came to an end there.
func (l Look) Of(ctx context.Context, flow, step, source, target string) (*catalog.Watermark, error) {
	w := catalog.Watermark{Step: step, Source: source, Target: target}
	var meaning, high string
	err := l.DB.QueryRowContext(ctx, `SELECT meaning, high, run.flow || '-' || run.n FROM watermark w JOIN run ON run.id = w.run
		WHERE w.flow = ? AND w.step = ? AND w.source = ? AND w.target = ?`, flow, step, source, target).Scan(&meaning, &high, &w.Run)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, l.Fault(err)
	}
	w.High = json.RawMessage(high)
	if err := json.Unmarshal([]byte(meaning), &w.Meaning); err != nil {
		return nil, fault.New(fault.Internal, "ledger.damaged", "watermark of step %s: %w", step, err)
	}
	return &w, nil
}
