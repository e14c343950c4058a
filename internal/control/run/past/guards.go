package past

// The ledger's side of settings: see settings.Guards.

import (
	"context"

	"godwit/internal/ledger"
	"godwit/internal/ledger/guard"
	"godwit/internal/ledger/store"
	"godwit/internal/unit"
)

// Living asks whether a process owns the run of a name.
func Living(ctx context.Context, l *ledger.Ledger) guard.Living {
	return func(name string) bool {
		run, err := l.Find(ctx, name)
		return err != nil || run.State != ledger.Ended && l.Held(run)
	}
}

func (p Past) ClaimGuard(ctx context.Context, id string, key unit.GuardKey, change []byte) (g unit.Guard, err error) {
	err = p.Own.Room(ctx, "claim setting "+key.Name, func(run int64, tx store.Tx) error {
		g, err = guard.Claim(tx, run, id, key, change, Living(ctx, p.Ledger))
		return err
	})
	return g, err
}

func (p Past) SaveSettings(ctx context.Context, id int64, settings []unit.Setting) error {
	return p.Own.Room(ctx, "keep what settings were", func(run int64, tx store.Tx) error { return guard.Save(tx, run, id, settings) })
}

func (p Past) SettingsChanged(ctx context.Context, id int64, settings []unit.Setting) error {
	return p.Own.Room(ctx, "keep what settings are", func(run int64, tx store.Tx) error { return guard.Changed(tx, run, id, settings) })
}

func (p Past) FreeGuard(ctx context.Context, id int64) error {
	return p.Own.Room(ctx, "free a setting", func(run int64, tx store.Tx) error { return guard.Free(tx, run, id) })
}

func (p Past) HeldGuards(_ context.Context, id string) ([]unit.Guard, error) {
	return guard.Held(p.Ledger.View().Reader(), p.Run, id)
}

func (p Past) LeaveGuard(ctx context.Context, holder string, id int64) (g unit.Guard, last bool, err error) {
	err = p.Own.Room(ctx, "leave a setting", func(run int64, tx store.Tx) error {
		g, last, err = guard.Leave(tx, run, holder, id, Living(ctx, p.Ledger))
		return err
	})
	return g, last, err
}

func (p Past) CloseGuard(ctx context.Context, id int64) error {
	return p.Own.Room(ctx, "close a setting", func(run int64, tx store.Tx) error {
		return guard.Close(tx, run, id, "restored", "", "")
	})
}
