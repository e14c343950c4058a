package reach

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
)

// Loss is what a step takes away at its target, of which is not known before the run
// how much that is.
type Loss struct {
	Step string // load; or flow project (step projects): load
	At   string // connection, "" = known when it begins
	What string
}

// Losses are those of the steps of a flow that foreseen does not know all of, and of
// the flows that it may run.
func Losses(b *flow.Bound, lang flow.Language, foreseen func(flow.Step) bool) (all []Loss, err error) {
	for _, s := range b.All() {
		all = append(all, lost(lang, "", s, foreseen(s))...)
	}
	called, err := Flows(b, lang)
	for _, f := range called {
		if f.Bound == nil {
			continue
		}
		for _, s := range f.Bound.All() {
			all = append(all, lost(lang, f.Way+": ", s, false)...)
		}
	}
	slices.SortStableFunc(all, func(a, b Loss) int { return strings.Compare(a.At, b.At) })
	return slices.Compact(all), err
}

// lost are the losses of a step; of one that is foreseen those that nobody counts.
func lost(lang flow.Language, way string, s flow.Step, foreseen bool) (all []Loss) {
	verb, ok := lang.Verb(s.Verb)
	if !ok || s.Spec == nil || s.Verb == flow.Calls || s.Waits() {
		return nil
	}
	n, err := verb.Needs(s.Spec)
	if err != nil {
		return nil // known when it begins
	}
	add := func(format string, args ...any) {
		all = append(all, Loss{way + s.ID, n.To, fmt.Sprintf(format, args...)})
	}
	r := n.Records
	if r != nil && r.Calls && r.Removes {
		add("what was delivered and is not read any more (gone: delete)")
		return all
	}
	if foreseen {
		return nil
	}
	switch n.Existing {
	case "replace":
		add("tables are dropped and made again (existing: replace)")
	case "truncate":
		add("tables are emptied (existing: truncate)")
	}
	switch {
	case r == nil:
	case r.Replaces:
		add("%s give way to what is read (mode: replace)", rows(r.Tables))
	case r.Removes:
		add("%s whose key is not read (gone: delete)", rows(r.Tables))
	}
	return all
}

func rows(tables []catalog.Name) string {
	if len(tables) == 0 {
		return "rows"
	}
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.String()
	}
	return "rows of " + strings.Join(names, ", ")
}
