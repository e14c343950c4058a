// Package why names what holds a unit that is not running: units before it, its
// next try, a limit. Start at Gate and Of.
package why

import (
	"fmt"
	"strings"
	"time"

	"godwit/internal/control/plan/pool"
)

// Gate is one reason why a unit or node does not go on.
type Gate struct {
	Kind  string    // pause, window, order, failed, retry, limit, approve, time, probe
	Text  string    // one line for people
	Since time.Time // zero = not known
	Until time.Time // zero = not known
	On    []string  // the nodes, units or limits that it waits for
}

// Of is what a unit itself waits for.
func Of(w *pool.Work) (gates []Gate) {
	for _, name := range w.Unit.After {
		if list := w.Pool.Missing(name); len(list) > 0 {
			gates = append(gates, missing(name, list))
		}
	}
	if w.State == pool.Waiting {
		g := Gate{Kind: "retry", Until: time.UnixMilli(w.Past.Due).UTC(), Text: fmt.Sprintf("attempt %d", w.Attempt+1)}
		if w.Past.Fault != nil {
			g.Text += ", last: " + w.Past.Fault.Text
			g.Since = time.UnixMilli(w.Past.Since).UTC()
		}
		return append(gates, g)
	}
	if names, texts := w.Full(); len(names) > 0 {
		gates = append(gates, Gate{Kind: "limit", Text: strings.Join(texts, ", "), On: names})
	}
	return gates
}

// missing names the units of a tag that are not done, a few of them.
func missing(name string, list []*pool.Work) Gate {
	g := Gate{Kind: "order"}
	failed := 0
	for i, w := range list {
		if w.State == pool.Failed {
			failed++
		}
		if i < 3 {
			g.On = append(g.On, w.Unit.ID)
		}
	}
	g.Text = "after " + strings.Join(g.On, ", ")
	if more := len(list) - len(g.On); more > 0 {
		g.Text += fmt.Sprintf(" and %d more", more)
	}
	if failed > 0 {
		g.Kind = "failed"
		g.Text += fmt.Sprintf(", %d failed", failed)
	}
	return g
}
