package guards

import (
	"context"

	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// Standing is a guard whose settings are not put back, with who is to do so.
type Standing struct {
	unit.Guard
	Living string // a run that is under way and holds it, "" = none
	Resume string // one that is not, and can be gone on with
}

// Stale reports whether no run can put the settings back any more.
func (s Standing) Stale() bool { return s.Living == "" && s.Resume == "" }

// Stand says who is to put back what is not.
func Stand(ctx context.Context, l *ledger.Ledger) (all []Standing, err error) {
	open, err := Open(l)
	for _, g := range open {
		s, living := Standing{Guard: g}, Living(ctx, l)
		for _, h := range g.Holders {
			switch {
			case h.Over:
			case living(h.Run):
				s.Living = h.Run
			default:
				s.Resume = h.Run
			}
		}
		all = append(all, s)
	}
	return all, err
}
