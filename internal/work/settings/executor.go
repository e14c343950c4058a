package settings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/record/leaf"
	"godwit/internal/unit"
)

// Guards is the ledger's side: what settings were, and who wants them changed.
// Safe for concurrent use. What another living run is at work with is a fault of
// code settings.busy.
type Guards interface {
	// ClaimGuard gives the unit's run the open guard of a key, or opens one: it
	// holds it from now on, and is alone at it until it frees, changes or closes it.
	ClaimGuard(ctx context.Context, unit string, key unit.GuardKey, change []byte) (unit.Guard, error)
	// SaveSettings keeps what settings were; what is there already stays.
	SaveSettings(ctx context.Context, guard int64, settings []unit.Setting) error
	// SettingsChanged keeps what they were read back as, and frees the guard.
	SettingsChanged(ctx context.Context, guard int64, settings []unit.Setting) error
	FreeGuard(ctx context.Context, guard int64) error
	// HeldGuards are the open guards that a unit holds.
	HeldGuards(ctx context.Context, unit string) ([]unit.Guard, error)
	// LeaveGuard ends the unit's hold. The last one keeps it, alone: it is to put
	// the settings back and to close the guard.
	LeaveGuard(ctx context.Context, unit string, guard int64) (g unit.Guard, last bool, err error)
	CloseGuard(ctx context.Context, guard int64) error
}

// Executors returns those of the settings verb, by kind of unit.
func Executors(open connector.Opener, guards Guards) map[string]unit.Executor {
	x := &executor{open: open, guards: guards}
	return map[string]unit.Executor{kindOpen: &opener{x}, kindClose: &closer{x}}
}

// executor is what opening and closing have in common. Within a run one guard is
// worked at at a time: that a run is alone at a guard does not hold its own units
// apart.
type executor struct {
	open   connector.Opener
	guards Guards
	mu     sync.Mutex
}

// Done knows nothing: Do looks itself, and twice is once.
func (*executor) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// pause is how long is waited until another run is done with a guard.
const pause = 200 * time.Millisecond

// alone calls do until the guard is not in another run's hands.
func (x *executor) alone(ctx context.Context, u unit.Unit, report unit.Report, do func() error) error {
	for {
		x.mu.Lock()
		err := do()
		x.mu.Unlock()
		var busy *fault.Error
		if !errors.As(err, &busy) || busy.Code != "settings.busy" {
			return err
		}
		report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: "settings", Waits: []unit.Wait{{Gate: "order", Text: busy.Text, Since: time.Now().UTC()}}})
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// decode reads a unit's spec.
func decode(u unit.Unit) (spec Settings, err error) {
	if err := json.Unmarshal(u.Spec, &spec); err != nil {
		return spec, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	return spec, nil
}

// known is a setting of a guard as it can be worked with.
type known struct {
	original record.Object
	set      []leaf.Leaf
	changed  bool // it was read back
}

func settingsOf(g unit.Guard) (map[string]known, error) {
	all := map[string]known{}
	for _, s := range g.Settings {
		original, err := object(s.Original)
		if err != nil {
			return nil, err
		}
		set, err := object(s.Set)
		if err != nil {
			return nil, err
		}
		all[s.Element] = known{original, leaf.Of(set), len(s.Changed) > 0}
	}
	return all, nil
}

func object(text []byte) (record.Object, error) {
	v, err := record.DecodeJSON(text)
	o, ok := v.(record.Object)
	if err != nil || !ok {
		return nil, fault.New(fault.Internal, "ledger.damaged", "what a setting was cannot be read")
	}
	return o, nil
}

// before are the leaves of a setting as they were.
func (k known) before() []leaf.Leaf {
	out := make([]leaf.Leaf, 0, len(k.set))
	for _, l := range k.set {
		out = append(out, leaf.Leaf{Path: l.Path, Value: leaf.At(k.original, l.Path)})
	}
	return out
}

// others are the runs that hold a guard and can still put it back, without the
// one of a unit.
func others(g unit.Guard, run string) (names []string) {
	for _, h := range g.Holders {
		if !h.Over && h.Run != run {
			names = append(names, h.Run)
		}
	}
	return names
}

func tell(report unit.Report, g unit.Guard, what, element, format string, args ...any) {
	report.Note(unit.SettingTold, unit.Told{Name: named(g.Key.Name, element), At: g.Key.At, What: what, Text: fmt.Sprintf(format, args...), Holders: len(g.Holders)})
}
