package verify

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
)

// gather compares the definitions of both sides: the source's as of its
// snapshot, the target's as they are when the rows are proved. When the
// verification was planned is too early: a target that was restarted since may
// have lost some, and a run that is gone on with may find others.
func (a *around) gather(ctx context.Context, s *sides, spec *AroundSpec) error {
	sel, err := catalog.ParseSelection(spec.Planned.Include, spec.Planned.Exclude)
	if err != nil {
		return err
	}
	found := sel // what is there of it
	found.Include = slices.Clone(sel.Include)
	for i, p := range found.Include {
		found.Include[i] = p.Lenient()
	}
	var facts catalog.Facts
	var left, right error
	var both sync.WaitGroup
	both.Go(func() { facts.Source, facts.Definitions, left = a.source(ctx, s, sel, found) })
	both.Go(func() { facts.Target, facts.TargetDefinitions, right = a.target(ctx, s, sel, found) })
	both.Wait()
	for _, err := range []error{left, right} {
		if fault.KindOf(err) != fault.Denied {
			continue
		}
		spec.Unread = err.Error() // a table without rights must not hide the others
		return nil
	}
	if err := cmp.Or(left, right); err != nil {
		return err
	}
	spec.Compared = len(facts.Definitions)
	spec.Definitions, spec.Differing = compare(spec.From, spec.To, facts)
	return nil
}

func (a *around) source(ctx context.Context, s *sides, sel, found catalog.Selection) (*catalog.Database, []catalog.Definition, error) {
	r, err := s.reader(ctx, s.from)
	if err != nil {
		return nil, nil, err
	}
	db, err := r.Inspect(ctx, found)
	s.drop(s.from) // no session is kept while another one is used
	if err != nil {
		return nil, nil, fault.Wrap(err, "look at %s", s.from)
	}
	export, err := s.snaps[s.from].Export(ctx)
	if err != nil {
		return nil, nil, fault.Wrap(err, "export snapshot of %s", s.from)
	}
	list, err := a.definitions(ctx, s.from, export, sel, db)
	return db, list, err
}

func (a *around) target(ctx context.Context, s *sides, sel, found catalog.Selection) (*catalog.Database, []catalog.Definition, error) {
	i, err := connector.Capable[connector.Inspector](ctx, s.open, s.to, "be inspected")
	if err != nil {
		return nil, nil, err
	}
	db, err := i.Inspect(ctx, found)
	if err != nil {
		return nil, nil, fault.Wrap(err, "look at %s", s.to)
	}
	list, err := a.definitions(ctx, s.to, "", sel, db)
	return db, list, err
}

func (a *around) definitions(ctx context.Context, name, export string, sel catalog.Selection, db *catalog.Database) ([]catalog.Definition, error) {
	d, err := connector.Capable[connector.Definer](ctx, a.open, name, "write its definitions")
	if err != nil {
		return nil, err
	}
	return d.Definitions(ctx, export, sel, db)
}
