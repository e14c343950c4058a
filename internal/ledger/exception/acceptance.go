package exception

import (
	"context"
	"time"
)

// Acceptance is that an issue of a record was accepted.
type Acceptance struct {
	At     time.Time `json:"at"`
	Run    string    `json:"run"` // whose issues were looked at
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
	Rule   string    `json:"rule"`
	Field  string    `json:"field,omitempty"`
}

// Acceptances are those of a record's issues that hold, oldest first.
func (l Look) Acceptances(ctx context.Context, entity, key string) ([]Acceptance, error) {
	return ask(ctx, l, func(r scanner) (a Acceptance, err error) {
		var at int64
		err = r.Scan(&at, &a.Run, &a.Actor, &a.Reason, &a.Rule, &a.Field)
		a.At = clock(at)
		return a, err
	}, `SELECT d.asked, r.flow || '-' || r.n, d.actor, d.reason, y.rule, y.field FROM accepted y JOIN action d ON d.id = y.action JOIN run r ON r.id = d.run
		WHERE y.key = ? AND y.key <> '' AND y.entity = ? ORDER BY d.asked, y.rule, y.field`, key, entity)
}
