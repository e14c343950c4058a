package settings

import (
	"cmp"
	"context"

	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/record/leaf"
	"godwit/internal/unit"
)

// closer puts settings back, unless other runs still want them changed.
type closer struct{ *executor }

// Do may be called again at any time. A value that somebody else has changed
// meanwhile is theirs: it is told, not overwritten, and the result is open. It is open
// too when only runs still want the setting changed that nobody is at work with:
// somebody has to go on with them.
func (x *closer) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: "settings"})
	held, err := x.guards.HeldGuards(ctx, opens(u.Step))
	if err != nil {
		return unit.Result{}, err
	}
	var result unit.Result
	for i := range held { // in the order they were opened: what the last one opened is put back first
		g := held[len(held)-1-i]
		open := false
		err := x.alone(ctx, u, report, func() (err error) {
			open, err = x.leave(ctx, l, report, opens(u.Step), g.ID)
			return err
		})
		if err != nil {
			return unit.Result{}, fault.Wrap(err, "put back setting %s of %s", g.Key.Name, g.Key.At)
		}
		result.Open = result.Open || open
	}
	return result, nil
}

// leave ends this run's hold on a guard; the last one restores it.
func (x *closer) leave(ctx context.Context, l unit.Lease, report unit.Report, holder string, id int64) (open bool, err error) {
	g, last, err := x.guards.LeaveGuard(ctx, holder, id)
	if err != nil {
		return false, err
	}
	if !last {
		report.At("settings.left")
		o := others(g, l.Name)
		if idle := abandoned(g, l.Name, holder); idle != "" {
			tell(report, g, "left", "", "setting %s of %s stays changed: %s still wants it, and nobody is at work with it: godwit resume %s, or cancel, puts it back", g.Key.Name, g.Key.At, idle, idle)
			return true, nil
		}
		tell(report, g, "left", "", "setting %s of %s stays changed: %s still wants it", g.Key.Name, g.Key.At, cmp.Or(first(o), "another step"))
		return false, nil
	}
	report.At("settings.closing")
	if len(g.Settings) == 0 { // it came to no change
		return false, x.guards.CloseGuard(ctx, g.ID)
	}
	r, err := unkept(g.Change)
	if err == nil {
		var sys system
		if sys, err = x.system(ctx, connection(g, l.Name, holder), r); err == nil && sys.place != g.Key.Place {
			err = fault.New(fault.Config, "settings.elsewhere", "connection %s leads to %s now, and the setting was changed at %s", sys.name, sys.place, g.Key.Place).
				Hint("let it lead there again; or put the setting back by hand, then: godwit settings forget %d --reason TEXT", g.ID)
		}
		if err == nil {
			open, err = x.restore(ctx, l, report, sys, r, g)
		}
	}
	if err != nil {
		_ = x.guards.FreeGuard(context.WithoutCancel(ctx), g.ID) // the fault that is told says more
	}
	return open, err
}

// connection is what a holder calls the guard's connection; who is none has the
// connections of the first one.
func connection(g unit.Guard, run, holder string) string {
	name := g.Key.At
	if len(g.Holders) > 0 {
		name = g.Holders[0].At
	}
	for _, h := range g.Holders {
		if h.Run == run && h.Unit == holder {
			name = h.At
		}
	}
	return name
}

// abandoned is the first of the runs that want a setting changed, when a process is at
// work with none of them.
func abandoned(g unit.Guard, run, holder string) (name string) {
	for _, h := range g.Holders {
		switch {
		case h.Over, h.Run == run && h.Unit == holder:
		case h.Run == run, !h.Idle:
			return ""
		case name == "":
			name = h.Run
		}
	}
	return name
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// restore puts back what is still as it was set, reads it back, and closes the
// guard.
func (x *executor) restore(ctx context.Context, l unit.Lease, report unit.Report, sys system, r *recipe, g unit.Guard) (foreign bool, err error) {
	saved, err := settingsOf(g)
	if err != nil {
		return false, err
	}
	all, err := sys.read(ctx, r)
	if err != nil {
		return false, err
	}
	now := map[string]element{}
	for _, e := range all {
		now[e.key] = e
	}
	if err := l.Check(ctx); err != nil {
		return false, err
	}
	var wrote []element
	ours := map[string][]leaf.Leaf{}
	for _, s := range g.Settings {
		e, there := now[s.Element]
		if !there {
			foreign = true
			tell(report, g, "foreign", s.Element, "setting %s of %s is not there any more: it cannot be put back", named(g.Key.Name, s.Element), g.Key.At)
			continue
		}
		back, theirs := sort(e.value, saved[s.Element])
		for _, f := range theirs {
			foreign = true
			report.Note(unit.SettingTold, unit.Told{Name: named(g.Key.Name, s.Element), At: g.Key.At, What: "foreign", Field: f.Name(), Value: record.Show(f.Value, false),
				Text: named(g.Key.Name, s.Element) + " of " + g.Key.At + ": its " + f.Name() + " was changed by somebody else meanwhile (" + record.Show(f.Value, false) + "), and is left as it is"})
		}
		if len(back) == 0 {
			continue
		}
		if err := sys.write(ctx, r, e, back); err != nil {
			return false, err
		}
		ours[e.key], wrote = back, append(wrote, e)
		report.At("settings.unwritten")
	}
	if len(wrote) > 0 {
		if _, err := back(ctx, sys, r, wrote, func(e element) []leaf.Leaf { return ours[e.key] }); err != nil {
			return false, err
		}
	}
	report.At("settings.restored")
	if err := x.guards.CloseGuard(ctx, g.ID); err != nil {
		return false, err
	}
	report.At("settings.closed")
	what := "is put back"
	if foreign {
		what = "is put back but for what others have changed"
	}
	tell(report, g, "restored", "", "setting %s of %s %s", g.Key.Name, g.Key.At, what)
	return foreign, nil
}

// sort tells the values that are to be put back from those that somebody else
// has changed. What is as it was needs nothing.
func sort(value record.Object, k known) (back, theirs []leaf.Leaf) {
	for _, l := range k.set {
		was, is := leaf.At(k.original, l.Path), leaf.At(value, l.Path)
		switch {
		case leaf.Same(is, was):
		case leaf.Same(is, l.Value):
			back = append(back, leaf.Leaf{Path: l.Path, Value: was})
		default:
			theirs = append(theirs, leaf.Leaf{Path: l.Path, Value: is})
		}
	}
	return back, theirs
}
