package settings

import (
	"context"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/record/leaf"
	"godwit/internal/unit"
)

// opener changes settings, and saves what they were before.
type opener struct{ *executor }

// Do may be called again at any time: what is saved stays, what is changed is not
// changed again.
func (x *opener) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	s, err := decode(u)
	if err != nil {
		return unit.Result{}, err
	}
	scope, err := scopeOf(s.Scope)
	if err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read its values: %w", u.ID, err)
	}
	env, _ := scope.Env["env"].(record.Object)
	name, _ := env["name"].(string)
	for _, c := range s.Change {
		report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: "settings"})
		r, err := ready(c, s.Scope)
		if err != nil {
			return unit.Result{}, err
		}
		sys, err := x.system(ctx, s.At, r)
		if err != nil {
			return unit.Result{}, err
		}
		key := unit.GuardKey{Place: sys.place, Env: name, Name: c.Name, At: s.At}
		if err := x.alone(ctx, u, report, func() error { return x.change(ctx, u, l, report, sys, r, key) }); err != nil {
			return unit.Result{}, err
		}
	}
	return unit.Result{}, nil
}

// change makes sure of one guard: it is held by this run, and its settings are
// what they are set to.
func (x *opener) change(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report, sys system, r *recipe, key unit.GuardKey) error {
	g, err := x.claim(ctx, u, l, report, sys, r, key)
	if err != nil {
		return err
	}
	report.At("settings.claimed")
	if err := x.set(ctx, l, report, sys, r, g); err != nil {
		if free := x.guards.FreeGuard(context.WithoutCancel(ctx), g.ID); free != nil && fault.KindOf(err).Passing() {
			return free
		}
		return err
	}
	if o := others(g, l.Name); len(o) > 0 {
		tell(report, g, "joined", "", "setting %s of %s is changed already, by %s: it is put back by whichever run ends last", key.Name, key.At, strings.Join(o, ", "))
		return nil
	}
	tell(report, g, "changed", "", "setting %s of %s is changed, until the steps are over", key.Name, key.At)
	return nil
}

// claim gives the guard of a key. What runs have left that can put nothing back
// any more is put back first, when it was changed in another way.
func (x *opener) claim(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report, sys system, r *recipe, key unit.GuardKey) (unit.Guard, error) {
	for range 2 {
		g, err := x.guards.ClaimGuard(ctx, u.ID, key, r.kept())
		if err != nil {
			return g, err
		}
		was, err := unkept(g.Change)
		if err == nil && r.like(was) {
			return g, nil
		}
		if o := others(g, l.Name); err == nil && len(o) > 0 {
			if _, _, err := x.guards.LeaveGuard(ctx, u.ID, g.ID); err != nil {
				return g, err
			}
			return g, join(x.guards.FreeGuard(ctx, g.ID), fault.New(fault.Conflict, "settings.other", "setting %s of %s is changed by %s in another way", key.Name, key.At, strings.Join(o, ", ")).
				Hint("wait until %s is over, or give the setting the same read, write and set in both flows", o[0]))
		}
		if err != nil {
			return g, err
		}
		if _, err := x.restore(ctx, l, report, sys, was, g); err != nil {
			return g, join(x.guards.FreeGuard(context.WithoutCancel(ctx), g.ID), err)
		}
	}
	return unit.Guard{}, fault.New(fault.Internal, "settings.other", "setting %s of %s cannot be opened", key.Name, key.At)
}

func join(second, err error) error {
	if err != nil {
		return err
	}
	return second
}

// set saves what the settings were, changes them and reads them back.
func (x *opener) set(ctx context.Context, l unit.Lease, report unit.Report, sys system, r *recipe, g unit.Guard) error {
	all, err := sys.read(ctx, r)
	if err != nil {
		return err
	}
	saved, err := settingsOf(g)
	if err != nil {
		return err
	}
	chosen, fresh, err := r.choose(all, saved)
	if err != nil {
		return err
	}
	if err := x.guards.SaveSettings(ctx, g.ID, fresh); err != nil {
		return err
	}
	report.At("settings.saved")
	if err := l.Check(ctx); err != nil {
		return err
	}
	wrote := false
	for _, e := range chosen {
		k := saved[e.key]
		if leaf.Holds(e.value, k.set) {
			continue
		}
		if k.changed { // by a run that is still at work
			return foreignAtOpen(sys, r, g, e, k)
		}
		if err := sys.write(ctx, r, e, k.set); err != nil {
			return err
		}
		wrote = true
		report.At("settings.written")
	}
	if wrote {
		if chosen, err = back(ctx, sys, r, chosen, func(e element) []leaf.Leaf { return saved[e.key].set }); err != nil {
			return err
		}
	}
	report.At("settings.read-back")
	changed := make([]unit.Setting, 0, len(chosen))
	for _, e := range chosen {
		text, err := record.EncodeJSON(e.value)
		if err != nil {
			return err
		}
		changed = append(changed, unit.Setting{Element: e.key, Changed: text})
	}
	if err := x.guards.SettingsChanged(ctx, g.ID, changed); err != nil {
		return err
	}
	report.At("settings.changed")
	return nil
}

// choose gives the elements that are to be changed, and adds those to saved that
// no run has changed yet. Which are wanted is asked of what they were, not of
// what another run has made of them.
func (r *recipe) choose(all []element, saved map[string]known) (chosen []element, fresh []unit.Setting, err error) {
	for _, e := range all {
		k, is := saved[e.key]
		was := e.value
		if is {
			was = leaf.Lay(was, k.before())
		}
		wanted, err := r.wanted(was)
		if err != nil {
			return nil, nil, err
		}
		if !wanted {
			continue
		}
		set, err := r.values(was)
		if err != nil {
			return nil, nil, err
		}
		if is && !leaf.Same(leaf.Lay(nil, k.set), leaf.Lay(nil, leaf.Of(set))) {
			return nil, nil, fault.New(fault.Conflict, "settings.other", "setting %s is changed by another run to other values", named(r.Change.Name, e.key)).
				Hint("wait until that run is over")
		}
		if !is {
			s := unit.Setting{Element: e.key}
			if s.Original, err = record.EncodeJSON(e.value); err != nil {
				return nil, nil, fault.New(fault.Data, "settings.shape", "setting %s: %w", named(r.Change.Name, e.key), err)
			}
			if s.Set, err = record.EncodeJSON(set); err != nil {
				return nil, nil, fault.New(fault.Data, "settings.shape", "set of setting %s: %w", r.Change.Name, err)
			}
			fresh = append(fresh, s)
			saved[e.key] = known{e.value, leaf.Of(set), false}
		}
		chosen = append(chosen, e)
	}
	return chosen, fresh, nil
}

// back reads elements again and expects values of each.
func back(ctx context.Context, sys system, r *recipe, elements []element, want func(element) []leaf.Leaf) ([]element, error) {
	all, err := sys.read(ctx, r)
	if err != nil {
		return nil, fault.Wrap(err, "read back")
	}
	now := map[string]record.Object{}
	for _, e := range all {
		now[e.key] = e.value
	}
	out := make([]element, 0, len(elements))
	for _, e := range elements {
		value, there := now[e.key]
		if !there {
			return nil, fault.New(fault.Data, "settings.not-taken", "setting %s of %s is not there any more once it was written", named(r.Change.Name, e.key), sys.name)
		}
		for _, l := range want(e) {
			if got := leaf.At(value, l.Path); !leaf.Same(got, l.Value) {
				return nil, fault.New(fault.Data, "settings.not-taken", "setting %s of %s was written, and read back its %s is %s instead of %s",
					named(r.Change.Name, e.key), sys.name, l.Name(), record.Show(got, false), record.Show(l.Value, false)).
					Hint("see write and set: the system took the request and did not take the value")
			}
		}
		out = append(out, element{e.key, value})
	}
	return out, nil
}

// foreignAtOpen is the fault of a setting that runs have changed and somebody
// else has changed again since. It is theirs: steps that rely on it cannot begin.
func foreignAtOpen(sys system, r *recipe, g unit.Guard, e element, k known) error {
	for _, l := range k.set {
		if got := leaf.At(e.value, l.Path); !leaf.Same(got, l.Value) {
			return fault.New(fault.Config, "settings.foreign", "setting %s of %s was changed by somebody else: its %s is %s, and %s had set it to %s",
				named(r.Change.Name, e.key), sys.name, l.Name(), record.Show(got, false), g.Holders[0].Run, record.Show(l.Value, false)).
				Hint("it is not overwritten: set it as the flow wants it, or let %s end, and go on with this run", g.Holders[0].Run)
		}
	}
	return nil
}
