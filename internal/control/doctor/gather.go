package doctor

import (
	"cmp"
	"context"
	"sync"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Policies for what is at the target, as far as looking depends on them.
const (
	replace  = "replace"
	truncate = "truncate"
	appends  = "append" // what is there stays, and rows come on top
)

// Looking is how both sides of steps are looked at.
type Looking struct {
	Open     connector.Opener
	Cores    int
	Snapshot string // name of the run's snapshot, "" when no run is under way
	Sights   *Sights
}

// Gather looks at both sides of a step, beside each other. With a snapshot the
// source's definitions are as of that snapshot, which stays open; else as of
// now.
func (l Looking) Gather(ctx context.Context, n unit.Needs) (catalog.Facts, error) {
	facts := catalog.Facts{Cores: l.Cores}
	source, other := able(ctx, l.Open, n)
	if err := cmp.Or(source, other); err != nil {
		return facts, err
	}
	var target catalog.Facts
	var both sync.WaitGroup
	both.Go(func() { source = l.source(ctx, n, &facts) })
	both.Go(func() { other = l.target(ctx, n, &target) })
	both.Wait()
	if err := cmp.Or(source, other); err != nil {
		return facts, err
	}
	facts.Target, facts.TargetDefinitions = target.Target, target.TargetDefinitions
	facts.Unread = cmp.Or(facts.Unread, target.Unread)
	var err error
	if n.Records != nil {
		facts.Records, err = Records(ctx, l.Open, n)
		return facts, err
	}
	err = MakeRoom(ctx, l.Open, n, &facts)
	return facts, err
}

func (l Looking) source(ctx context.Context, n unit.Needs, facts *catalog.Facts) error {
	seen, err := l.Sights.find(ctx, l, n)
	if err != nil {
		return err
	}
	if seen != nil {
		facts.Source, facts.Snapshot, facts.Definitions, facts.Unread = seen.Source, seen.Snapshot, seen.Definitions, seen.Unread
		return nil
	}
	if facts.Source, facts.Snapshot, err = l.look(ctx, n); err != nil {
		return err
	}
	if l.later(n) {
		return nil
	}
	if n.Definitions {
		if err = l.define(ctx, n, facts); err != nil {
			return err
		}
	}
	l.Sights.keep(l, n, *facts)
	return nil
}

// Compare adds the definitions to what was seen of both sides of a comparison, as of now.
func (l Looking) Compare(ctx context.Context, n unit.Needs, facts *catalog.Facts) error {
	var source, target error
	there := catalog.Facts{Target: facts.Target}
	var both sync.WaitGroup
	both.Go(func() { source = l.define(ctx, n, facts) })
	both.Go(func() { target = l.defineTarget(ctx, n, &there) })
	both.Wait()
	facts.TargetDefinitions, facts.Unread = there.TargetDefinitions, cmp.Or(facts.Unread, there.Unread)
	return cmp.Or(source, target)
}

func (l Looking) define(ctx context.Context, n unit.Needs, facts *catalog.Facts) (err error) {
	facts.Definitions, err = definitions(ctx, l.Open, n.From, n.Select, facts.Source, l.snapshotOf(n))
	return unread(facts, n, err)
}

func (l Looking) defineTarget(ctx context.Context, n unit.Needs, facts *catalog.Facts) (err error) {
	facts.TargetDefinitions, err = definitions(ctx, l.Open, n.To, n.Select, facts.Target, "")
	return unread(facts, n, err)
}

// later says that definitions are read when they are compared: in a run, what
// was there when the comparison was planned may not be what it proves.
func (l Looking) later(n unit.Needs) bool { return n.Compare && l.snapshotOf(n) != "" }

// look inspects the source, in a run at its snapshot: what came since is no
// part of what is moved. Records may be of a system that holds none.
func (l Looking) look(ctx context.Context, n unit.Needs) (*catalog.Database, string, error) {
	at := l.snapshotOf(n)
	if n.Records != nil && at != "" {
		ep, err := l.Open.Open(ctx, n.From)
		if err != nil {
			return nil, "", err
		}
		if _, ok := ep.(connector.Snapshots); !ok {
			at = ""
		}
	}
	if at == "" {
		db, err := Inspect(ctx, l.Open, n.From, n.Select, true)
		return db, "", err
	}
	snap, err := snapshotOf(ctx, l.Open, n.From, l.Snapshot)
	if err != nil {
		return nil, "", err
	}
	reader, err := snap.Read(ctx)
	if err != nil {
		return nil, "", fault.Wrap(err, "read %s at its snapshot", n.From)
	}
	defer reader.Close()
	db, err := reader.Inspect(ctx, n.Select)
	return db, snap.ID(), err
}

func (l Looking) target(ctx context.Context, n unit.Needs, facts *catalog.Facts) (err error) {
	if facts.Target, err = Inspect(ctx, l.Open, n.To, n.Select, false); err != nil || !n.Compare || l.later(n) {
		return err
	}
	return l.defineTarget(ctx, n, facts)
}

func (l Looking) snapshotOf(n unit.Needs) string {
	if !n.Snapshot {
		return ""
	}
	return l.Snapshot
}

// unread notes definitions that may not be read. What only looks goes on with
// all that may be: a table without rights must not hide the others.
func unread(facts *catalog.Facts, n unit.Needs, err error) error {
	if err == nil || n.Existing != "" || fault.KindOf(err) != fault.Denied {
		return err
	}
	facts.Unread = err.Error()
	return nil
}

// Inspect looks at what a connection holds of a selection. Patterns that match
// nothing are refused if they must match.
func Inspect(ctx context.Context, open connector.Opener, name string, sel catalog.Selection, must bool) (*catalog.Database, error) {
	i, err := connector.Capable[connector.Inspector](ctx, open, name, "be inspected")
	if err != nil {
		return nil, err
	}
	if !must {
		sel.Include = lenient(sel.Include)
	}
	db, err := i.Inspect(ctx, sel)
	return db, err
}

// lenient keeps the patterns that a target may well not match yet from being
// refused there: what they select is what the source has.
func lenient(include []catalog.Pattern) []catalog.Pattern {
	list := make([]catalog.Pattern, 0, len(include))
	for _, p := range include {
		list = append(list, p.Lenient())
	}
	return list
}

func definitions(ctx context.Context, open connector.Opener, name string, sel catalog.Selection, db *catalog.Database, snapshot string) ([]catalog.Definition, error) {
	d, err := connector.Capable[connector.Definer](ctx, open, name, defines)
	if err != nil {
		return nil, err
	}
	id := ""
	if snapshot != "" {
		if id, err = export(ctx, open, name, snapshot); err != nil {
			return nil, err
		}
	}
	list, err := d.Definitions(ctx, id, sel, db)
	return list, err
}

func export(ctx context.Context, open connector.Opener, name, snapshot string) (string, error) {
	snap, err := snapshotOf(ctx, open, name, snapshot)
	if err != nil {
		return "", err
	}
	id, err := snap.Export(ctx)
	return id, fault.Wrap(err, "export snapshot of %s", name)
}

func snapshotOf(ctx context.Context, open connector.Opener, name, snapshot string) (connector.Snapshot, error) {
	s, err := connector.Capable[connector.Snapshots](ctx, open, name, "be read at a snapshot")
	if err != nil {
		return nil, err
	}
	snap, err := s.OpenSnapshot(ctx, snapshot)
	return snap, err
}
