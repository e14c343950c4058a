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

// HeldUp are exceptions of a step that stand in their groups behind one which a filter
// does not select.
type HeldUp struct {
	Step    string `json:"step"`
	Records int64  `json:"records"`
	Groups  int64  `json:"groups"`
	First   string `json:"first,omitempty"` // key of the first one that is in the way
}

// HeldUp counts a filter's exceptions that others hold up which it does not select, in
// steps of the run.
func (l Look) HeldUp(ctx context.Context, run int64, f Filter, steps []string) ([]HeldUp, error) {
	if len(steps) == 0 {
		return nil, nil
	}
	where, args := f.Where(run)
	args = append(args, run)
	for _, s := range steps {
		args = append(args, s)
	}
	return ask(ctx, l, func(r scanner) (h HeldUp, err error) {
		err = r.Scan(&h.Step, &h.Records, &h.Groups, &h.First)
		return h, err
	}, `WITH chosen AS (SELECT e.id AS id, e.step AS step, e."group" AS part, e.turn AS turn FROM exception e`+where+` AND e."group" <> ''),
		ahead AS (SELECT e.id AS id, e.step AS step, e."group" AS part, e.turn AS turn, e.key AS key FROM exception e
			WHERE e.run = ? AND e.step IN (`+marks(len(steps))+`) AND e."group" <> '' AND e.id NOT IN (SELECT id FROM chosen) AND`+holds+shown+`),
		waits AS (SELECT c.step AS step, c.part AS part, c.id AS waiting, h.key AS key, h.turn AS turn, h.id AS id FROM chosen c JOIN ahead h
			ON h.step = c.step AND h.part = c.part AND (h.turn, h.id) < (c.turn, c.id))
		SELECT step, count(DISTINCT waiting), count(DISTINCT part), (SELECT f.key FROM waits f WHERE f.step = waits.step ORDER BY f.turn, f.id LIMIT 1)
		FROM waits GROUP BY step ORDER BY step`, args...)
}
