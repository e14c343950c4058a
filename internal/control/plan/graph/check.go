package graph

import (
	"strings"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Check finds what makes a graph unusable: the first fault, of kind config.
// The flow's own mistakes are found before; what is found here is a planner's.
func (g *Graph) Check() error {
	c := &checker{nodes: map[string]bool{}, units: map[string]bool{}}
	c.list(g.Steps, []map[string]int{g.Limits})
	c.list(g.Finally, []map[string]int{g.Limits})
	if c.err != nil {
		return c.err
	}
	return nil
}

type checker struct {
	nodes, units map[string]bool
	err          *fault.Error
}

func (c *checker) wrong(format string, args ...any) {
	if c.err == nil {
		c.err = fault.New(fault.Config, "plan.graph", format, args...)
	}
}

func (c *checker) list(list []Node, limits []map[string]int) {
	for i := range list {
		c.node(&list[i], limits)
	}
}

func (c *checker) node(n *Node, limits []map[string]int) {
	switch {
	case n.ID == "" || strings.ContainsAny(n.ID, "[]/"):
		c.wrong("node %q: a name has no [ ] and no /", n.ID)
	case c.nodes[n.ID]:
		c.wrong("node %s: there are two", n.ID)
	case !n.complete():
		c.wrong("node %s: what a %q needs is missing", n.ID, n.Kind)
	case n.OnError != "" && n.OnError != Continue:
		c.wrong("node %s: on_error %q", n.ID, n.OnError)
	}
	if c.err != nil {
		return
	}
	c.nodes[n.ID] = true
	if n.Window != nil {
		if _, err := n.Window.Read(); err != nil {
			c.wrong("node %s: %w", n.ID, err)
		}
	}
	if n.Each != nil {
		if (n.Each.Items == "") == (n.Each.Query == nil) {
			c.wrong("node %s: one of items and query", n.ID)
			return
		}
		c.group(n, n.Each.Units(), limits)
	}
	inner := append(limits[:len(limits):len(limits)], n.Limits)
	c.group(n, n.Templates(), inner)
	c.list(n.Steps, inner)
	c.list(n.Finally, limits)
}

// complete reports whether a node has the part that its kind needs.
func (n *Node) complete() bool {
	switch n.Kind {
	case Step, Flow, Steps, Parallel:
		return true
	case Wait:
		return n.Wait != nil
	case WaitFor:
		return n.WaitFor != nil
	case Approve:
		return n.Approve != nil
	case Settings:
		return n.Guard != nil
	}
	return false
}

// group checks units that belong together.
func (c *checker) group(n *Node, units []unit.Unit, limits []map[string]int) {
	for _, u := range units {
		switch {
		case !strings.HasPrefix(u.ID, n.ID+"/"):
			c.wrong("unit %q: not of step %s", u.ID, n.ID)
		case c.units[u.ID]:
			c.wrong("unit %s: there are two", u.ID)
		}
		c.units[u.ID] = true
		for _, name := range u.Uses {
			if !named(limits, name) && !strings.HasPrefix(name, unit.Alone) {
				c.wrong("unit %s: uses %q, which is no limit", u.ID, name)
			}
		}
	}
	if id := circle(units); id != "" {
		c.wrong("unit %s: comes after itself", id)
	}
}

func named(limits []map[string]int, name string) bool {
	for _, l := range limits {
		if _, ok := l[name]; ok {
			return true
		}
	}
	return false
}

// circle finds a unit that can never be ready, "" if there is none: it does
// all units that can be done, on paper.
func circle(units []unit.Unit) string {
	left := map[string]int{}
	waiting := map[string][]int{}
	for _, u := range units {
		for _, name := range u.Tags {
			left[name]++
		}
	}
	missing := make([]int, len(units))
	var ready []int
	for i, u := range units {
		for _, name := range u.After {
			if left[name] > 0 {
				missing[i]++
				waiting[name] = append(waiting[name], i)
			}
		}
		if missing[i] == 0 {
			ready = append(ready, i)
		}
	}
	done := 0
	for ; done < len(ready); done++ {
		for _, name := range units[ready[done]].Tags {
			left[name]--
			if left[name] > 0 {
				continue
			}
			for _, i := range waiting[name] {
				if missing[i]--; missing[i] == 0 {
					ready = append(ready, i)
				}
			}
		}
	}
	if done == len(units) {
		return ""
	}
	for i, u := range units {
		if missing[i] > 0 {
			return u.ID
		}
	}
	return ""
}
