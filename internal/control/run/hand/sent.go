package hand

import (
	"context"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/sentrows"
)

// Sent says to which tables and columns the records that a filter selects were
// sent. Faults: redrive.as-sent when some were sent nowhere, or not all to the
// same columns.
func Sent(ctx context.Context, look exception.Look, of ledger.Run, f exception.Filter) ([]unit.SentTo, error) {
	if n, err := look.Unsent(ctx, of.ID, f); err != nil || n > 0 {
		if err == nil {
			err = fault.New(fault.Config, "redrive.as-sent", "%d of the records were rejected by rules, or wait for others: nothing was sent of them", n).
				Hint("--outcome dead selects the others").Hint("redrive without --as-sent maps all of them again")
		}
		return nil, err
	}
	ids, versions, err := look.Versions(ctx, of.ID, f)
	if err != nil {
		return nil, err
	}
	var to []unit.SentTo
	for i, id := range ids {
		w, err := look.One(ctx, of.ID, id)
		if err != nil {
			return nil, err
		}
		was, _, err := sentrows.Decode(w.Sent)
		if err != nil {
			return nil, fault.Wrap(err, "exception %d", id)
		}
		if i > 0 && !sentrows.Same(to, was) {
			return nil, fault.New(fault.Config, "redrive.as-sent", "the records were sent to other columns by map %s than by map %s", versions[0], versions[i]).
				Hint("redrive those of each map by themselves: --map %s", versions[0])
		}
		to = was
	}
	return to, nil
}
