package bulk

import (
	"context"
	"encoding/json"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// History is what executors may ask of the run's past. It is safe for
// concurrent use.
type History interface {
	// Settled lists the units of a kind that are done in a step.
	Settled(ctx context.Context, step, kind string) ([]unit.Settled, error)
	// Accounts lists the current accounts of an entity in a step.
	Accounts(ctx context.Context, step, entity string) ([]record.Account, error)
	// Chunks are those that rows are left out of: the target's mark proves the rows that
	// are there, but does not know which were refused.
	unit.Chunks
}

// Executors returns those of the copy verb that move rows, by kind.
func Executors(open connector.Opener, past History) map[string]unit.Executor {
	s := &snapshots{open: open, past: past, seen: map[string]string{}, gone: map[string]bool{}}
	d := &data{open: open, snapshots: s, past: past}
	return map[string]unit.Executor{
		"data":      d,
		"small":     d,
		"reconcile": &reconcile{open: open, snapshots: s, past: past},
		"orphans":   &orphans{open: open},
		"marks":     &marks{open: open},
	}
}

func decode[T any](u unit.Unit) (T, error) {
	var spec T
	if err := json.Unmarshal(u.Spec, &spec); err != nil {
		return spec, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	return spec, nil
}

// markKeys names one mark per chunk of a unit; a unit's attempt is its
// generation, so that a later account of a chunk replaces an earlier one. Those
// of unlogged tables go with their rows when the target crashes.
func markKeys(u unit.Unit, l unit.Lease, unlogged bool, chunks ...int) []record.MarkKey {
	keys := make([]record.MarkKey, 0, len(chunks))
	for _, n := range chunks {
		keys = append(keys, record.MarkKey{Run: l.Run, Unit: u.ID, Chunk: n, Generation: l.Attempt, Attempt: l.Attempt, Unlogged: unlogged})
	}
	return keys
}

// marked looks for a unit's marks at the target.
func marked(ctx context.Context, w connector.Writer, run, id string) ([]record.Mark, error) {
	all, err := w.Marks(ctx, run)
	if err != nil {
		return nil, fault.Wrap(err, "read marks")
	}
	var own []record.Mark
	for _, m := range all {
		if m.Unit == id {
			own = append(own, m)
		}
	}
	return own, nil
}
