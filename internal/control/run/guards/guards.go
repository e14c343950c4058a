// Package guards is the ledger's side of settings that runs change, and what people
// may do about those that no run puts back any more. Start at Room.
package guards

import (
	"context"

	"godwit/internal/ledger"
	"godwit/internal/ledger/guard"
	"godwit/internal/ledger/store"
	"godwit/internal/unit"
)

// Room is settings.Guards, for a run and its owner. Without a session (Own) it is
// for people: it puts back the one guard Of, which nobody holds any more.
type Room struct {
	Own    *ledger.Session
	Ledger *ledger.Ledger
	Run    int64

	Of            int64 // guard
	Actor, Reason string
}

// Living asks whether a process owns the run of a name.
func Living(ctx context.Context, l *ledger.Ledger) store.Living {
	return func(name string) bool {
		run, err := l.Find(ctx, name)
		return err != nil || run.State != ledger.Ended && l.Held(run)
	}
}

func (r Room) ClaimGuard(ctx context.Context, id string, key unit.GuardKey, change []byte) (g unit.Guard, err error) {
	err = r.Own.Room(ctx, "claim setting "+key.Name, func(run int64, tx store.Tx) error {
		g, err = guard.Claim(tx, run, id, key, change, Living(ctx, r.Ledger))
		return err
	})
	return g, err
}

func (r Room) SaveSettings(ctx context.Context, id int64, settings []unit.Setting) error {
	return r.Own.Room(ctx, "keep what settings were", func(run int64, tx store.Tx) error { return guard.Save(tx, run, id, settings) })
}

func (r Room) SettingsChanged(ctx context.Context, id int64, settings []unit.Setting) error {
	return r.Own.Room(ctx, "keep what settings are", func(run int64, tx store.Tx) error { return guard.Changed(tx, run, id, settings) })
}

func (r Room) FreeGuard(ctx context.Context, id int64) error {
	if r.Own == nil {
		return r.Ledger.Room(ctx, "free a setting", func(tx store.Tx) error { return guard.Free(tx, guard.Nobody, id) })
	}
	return r.Own.Room(ctx, "free a setting", func(run int64, tx store.Tx) error { return guard.Free(tx, run, id) })
}

func (r Room) HeldGuards(_ context.Context, id string) ([]unit.Guard, error) {
	if r.Own == nil {
		return []unit.Guard{{ID: r.Of}}, nil
	}
	return guard.Held(r.Ledger.View().Reader(), r.Run, id)
}

func (r Room) LeaveGuard(ctx context.Context, holder string, id int64) (g unit.Guard, last bool, err error) {
	if r.Own == nil {
		return g, true, r.Ledger.Room(ctx, "take a setting", func(tx store.Tx) error {
			g, err = guard.Seize(tx, id, Living(ctx, r.Ledger))
			return err
		})
	}
	err = r.Own.Room(ctx, "leave a setting", func(run int64, tx store.Tx) error {
		living := Living(ctx, r.Ledger)
		g, last, err = guard.Leave(tx, run, holder, id, living)
		for i := range g.Holders {
			g.Holders[i].Idle = !g.Holders[i].Over && !living(g.Holders[i].Run)
		}
		return err
	})
	return g, last, err
}

func (r Room) CloseGuard(ctx context.Context, id int64) error {
	if r.Own == nil {
		return r.close(ctx, id, "restored")
	}
	return r.Own.Room(ctx, "close a setting", func(run int64, tx store.Tx) error {
		return guard.Close(tx, run, id, "restored", "", "")
	})
}

func (r Room) close(ctx context.Context, id int64, how string) error {
	return r.Ledger.Room(ctx, "close a setting", func(tx store.Tx) error {
		return guard.Close(tx, guard.Nobody, id, how, r.Actor, r.Reason)
	})
}
