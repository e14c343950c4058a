package flow

import (
	"fmt"
	"reflect"
	"strings"
)

// Connection is a named system. Its settings are decoded when a flow that uses
// it is bound.
type Connection struct {
	Name   string
	System string // postgres
	Pos    Pos

	settings *Node
	spot     spot
}

// connections reads {NAME: {SYSTEM: {...}}} and checks the settings as far as
// they can be known.
func (d *decoder) connections(p *Project, n *Node, up *level) map[string]Connection {
	out := map[string]Connection{}
	for _, f := range d.named(n, "connections", plainName) {
		c, ok := d.connection(p, f, up)
		if !ok {
			continue
		}
		out[c.Name] = c
		d.settings(p, c)
	}
	return out
}

// declared are the names in a mapping of connections, the broken ones among
// them; nil when it cannot be known.
func declared(n *Node, broken bool) map[string]bool {
	names := map[string]bool{}
	if n != nil {
		for _, f := range n.fields {
			names[f.name] = true
		}
		broken = broken || n.shape != mapping
	}
	if broken {
		return nil
	}
	return names
}

func (d *decoder) connection(p *Project, f field, up *level) (Connection, bool) {
	var systems []string
	l := &level{name: "connection " + f.name, planned: planned["system"], up: up}
	for _, s := range p.lang.Systems {
		systems = append(systems, s.System)
		l.keys = append(l.keys, Key{Name: s.System, Kind: Group, Keys: Keys(s.Settings())})
	}
	form := fmt.Sprintf("write %s: {%s: {...}}", f.name, strings.Join(systems, " or "))
	switch {
	case f.value.shape == invalid:
		return Connection{}, false
	case f.value.shape != mapping || len(f.value.fields) != 1:
		d.add(f.spot, "flow.type", fmt.Sprintf("connection %s names one system and its settings", f.name), form)
		return Connection{}, false
	}
	system := f.value.fields[0]
	if l.key(system.name) == nil {
		d.unknown(l, system)
		return Connection{}, false
	}
	return Connection{Name: f.name, System: system.name, Pos: f.spot.pos, settings: system.value, spot: system.spot}, true
}

// settings decodes a connection into its connector's struct.
func (d *decoder) settings(p *Project, c Connection) any {
	into := p.lang.system(c.System).Settings()
	inner := &decoder{problems: d.problems, scope: d.scope, dir: p.Dir}
	inner.group(c.settings, elem(into), &level{name: "connection " + c.Name, keys: Keys(into), planned: planned[c.System]}, c.spot)
	return into
}

func elem(pointer any) reflect.Value { return reflect.ValueOf(pointer).Elem() }
