package run

import (
	"context"
	"time"

	"godwit/internal/connector"
	"godwit/internal/unit"
)

// patience is how long a look at both sides may take before it is asked what
// it waits for.
const patience = 3 * time.Second

// watched labels what is done under the context, before a run is open, and
// tells Standing what it waits for, each thing once. stop ends that.
func (r *Runs) watched(ctx context.Context, open *endpoints) (labelled context.Context, stop func()) {
	if r.Standing == nil {
		return ctx, func() {}
	}
	label := "looking " + r.Owner
	asking, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(patience)
		defer t.Stop()
		told := map[string]bool{}
		for {
			select {
			case <-asking.Done():
				return
			case <-t.C:
			}
			for _, w := range standing(asking, open, label) {
				if key := w.On + " " + w.Text + " " + w.Holder; !told[key] && asking.Err() == nil {
					told[key] = true
					r.Standing(w)
				}
			}
		}
	}()
	return connector.WithLabel(ctx, label), func() { cancel(); <-ended }
}

// standing is what the sessions of a label wait for that do not work: a lock,
// or a server that does not even say so.
func standing(ctx context.Context, open *endpoints, label string) []unit.Wait {
	var all []unit.Wait
	for _, name := range open.names() {
		asked, cancel := context.WithTimeout(ctx, patience)
		waits, err := waitsAt(asked, open, name, label)
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

// waitsAt asks one connection what the sessions of a label wait for.
func waitsAt(ctx context.Context, open connector.Opener, name, label string) ([]unit.Wait, error) {
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
