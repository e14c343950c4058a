// Package watermark keeps how far incremental reads have come: one row for each
// step of a flow, its source and its target. It says what is written and read;
// transactions are the ledger's.
package watermark

import (
	"context"
	"encoding/json"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/ledger/store"
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

// Of is how far a step of a flow has read between two databases, nil when it
// never came to an end there.
func Of(ctx context.Context, db store.Reader, flow, step, source, target string) (*catalog.Watermark, error) {
	rows, err := db.QueryContext(ctx, `SELECT meaning, high, run.flow || '-' || run.n FROM watermark w JOIN run ON run.id = w.run
		WHERE w.flow = ? AND w.step = ? AND w.source = ? AND w.target = ?`, flow, step, source, target)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, rows.Err()
	}
	w := catalog.Watermark{Step: step, Source: source, Target: target}
	var meaning, high string
	if err := rows.Scan(&meaning, &high, &w.Run); err != nil {
		return nil, err
	}
	w.High = json.RawMessage(high)
	if err := json.Unmarshal([]byte(meaning), &w.Meaning); err != nil {
		return nil, fault.New(fault.Internal, "ledger.damaged", "watermark of step %s: %w", step, err)
	}
	return &w, nil
}
