package guards

import (
	"context"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/guard"
	"godwit/internal/unit"
)

// Open are the guards of a ledger whose settings are not put back.
func Open(l *ledger.Ledger) ([]unit.Guard, error) { return guard.Open(l.View().Reader()) }

// Forget ends a guard without putting anything back: somebody has done so by
// hand, or the system is gone. One that a run still puts back is refused, code
// settings.held.
func (r Room) Forget(ctx context.Context) error {
	if _, _, err := r.LeaveGuard(ctx, "", r.Of); err != nil {
		return err
	}
	return r.close(ctx, r.Of, "forgotten")
}

// Restore puts a guard's settings back by the executor of closing. It tells what
// became of each, and reports whether values of others were left as they are.
func (r Room) Restore(ctx context.Context, closing unit.Executor) (told []unit.Told, foreign bool, err error) {
	if closing == nil {
		return nil, false, fault.New(fault.Internal, "verb.unknown", "nobody puts settings back")
	}
	said := &notes{}
	u := unit.Unit{ID: "settings/close/all/1", Step: "settings", Kind: "close"}
	res, err := closing.Do(ctx, u, unit.Lease{}, said)
	return said.told, res.Open, err
}

// notes collects what became of settings. It is used by one goroutine.
type notes struct{ told []unit.Told }

// Note is the unit.Report's.
func (n *notes) Note(kind string, body any) {
	if t, ok := body.(unit.Told); ok && kind == unit.SettingTold {
		n.told = append(n.told, t)
	}
}

// Progress, Drain and At are the unit.Report's: nobody watches.
func (*notes) Progress(unit.Progress) {}
func (*notes) Drain() <-chan struct{} { return nil }
func (*notes) At(string)              {}
