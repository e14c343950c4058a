package doctor

import (
	"context"
	"time"

	"godwit/internal/connector"
	"godwit/internal/unit"
)

// patience is how long a look at both sides may take before it is asked what
// it waits for.
const patience = 3 * time.Second

// Watched labels what is done under the context and tells what it waits for,
// until stop.
func Watched(ctx context.Context, open connector.Opener, names func() []string, label string, tell func(unit.Wait)) (labelled context.Context, stop func()) {
	asking, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		watch(asking, open, names, label, tell)
	}()
	return connector.WithLabel(ctx, label), func() { cancel(); <-ended }
}

// watch tells what the sessions of a label wait for, each thing once, until
// the context ends. Names gives the connections that are open.
func watch(ctx context.Context, open connector.Opener, names func() []string, label string, tell func(unit.Wait)) {
	t := time.NewTicker(patience)
	defer t.Stop()
	told := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		for _, w := range standing(ctx, open, names(), label) {
			if key := w.On + " " + w.Text + " " + w.Holder; !told[key] && ctx.Err() == nil {
				told[key] = true
				tell(w)
			}
		}
	}
}

// standing is what the sessions of a label wait for that do not work: a lock,
// or a server that does not even say so.
func standing(ctx context.Context, open connector.Opener, names []string, label string) []unit.Wait {
	var all []unit.Wait
	for _, name := range names {
		asked, cancel := context.WithTimeout(ctx, patience)
		waits, err := WaitsAt(asked, open, name, label)
		late := asked.Err() != nil
		cancel()
		if err != nil && late && ctx.Err() == nil {
			all = append(all, unit.Wait{Gate: "silence", Text: name + " does not answer", On: name})
		}
		for _, w := range waits {
			if w.Gate == "lock" {
				all = append(all, w)
			}
		}
	}
	return all
}

// WaitsAt asks one connection what the sessions of a label wait for.
func WaitsAt(ctx context.Context, open connector.Opener, name, label string) ([]unit.Wait, error) {
	w, err := connector.Capable[connector.Waiter](ctx, open, name, "say what it waits for")
	if err != nil {
		return nil, err
	}
	found, err := w.Waits(ctx, label)
	if err != nil {
		return nil, err
	}
	all := make([]unit.Wait, len(found))
	for i, f := range found {
		all[i] = unit.Wait{Gate: f.Gate, Text: f.Text, Since: f.Since, Holder: f.Holder, Statement: f.Statement, Fix: f.Fix}
		if f.Gate == "lock" {
			all[i].On = name
		}
	}
	return all, nil
}
