package exception

import (
	"context"
	"slices"

	"godwit/internal/ledger/lease"
)

// InHand is another redrive that has taken exceptions, and has not ended with them.
type InHand struct {
	Run     string `json:"run"`
	Records int64  `json:"records"`
	Alive   bool   `json:"alive"` // somebody is at work with it: they are left to it
	// Doubt is how many are in chunks of which it is not known whether the target has
	// them: they are its own until it is gone on with or cancelled.
	Doubt int64 `json:"in_doubt,omitempty"`
}

// InHand lists the redrives that have some of a filter's exceptions in hand.
func (l Look) InHand(ctx context.Context, run int64, f Filter) ([]InHand, error) {
	const doubt = `EXISTS (SELECT 1 FROM attempt a JOIN chunk c ON c.run = a.run AND c.unit = a.unit AND c.n = a.n
		WHERE a.exception = e.id AND c.state = 'prepared')`
	where, args := f.Where(run)
	boot, now := lease.Clock()
	return ask(ctx, l, func(r scanner) (h InHand, err error) {
		err = r.Scan(&h.Run, &h.Alive, &h.Records, &h.Doubt)
		return h, err
	}, `SELECT h.flow || '-' || h.n, h.state <> 'ended' AND h.lease_boot = ? AND h.lease_until > ?, count(*), sum(`+doubt+`)
		FROM exception e JOIN run h ON h.id = e.claimed`+where+` AND (h.state <> 'ended' OR `+doubt+`) GROUP BY h.id ORDER BY h.id`,
		slices.Concat([]any{boot, now}, args)...)
}
