package flow

import (
	"fmt"
	"reflect"
	"strings"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"
	"godwit/internal/control/flow/tag"
)

// Connection is a named system. Its settings are decoded when a flow that uses
// it is bound.
type Connection struct {
	Name   string
	System string // postgres
	Pos    Pos

	settings *Node
	spot     source.Spot
}

// connections reads {NAME: {SYSTEM: {...}}} and checks the settings as far as
// they can be known.
func (d *decoder) connections(p *Project, n *Node, up *decode.Level) map[string]Connection {
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
		for _, f := range n.Fields {
			names[f.Name] = true
		}
		broken = broken || n.Shape != source.Mapping
	}
	if broken {
		return nil
	}
	return names
}

func (d *decoder) connection(p *Project, f source.Field, up *decode.Level) (Connection, bool) {
	var systems []string
	l := &decode.Level{Name: "connection " + f.Name, Planned: decode.Planned["system"], Up: up}
	for _, s := range p.lang.Systems {
		systems = append(systems, s.System)
		l.Keys = append(l.Keys, Key{Name: s.System, Kind: Group, Of: tag.Struct(s.Settings())})
	}
	form := fmt.Sprintf("write %s: {%s: {...}}", f.Name, strings.Join(systems, " or "))
	switch {
	case f.Value.Shape == source.Invalid:
		return Connection{}, false
	case f.Value.Shape != source.Mapping || len(f.Value.Fields) != 1:
		d.Add(f.Spot, "flow.type", fmt.Sprintf("connection %s names one system and its settings", f.Name), form)
		return Connection{}, false
	}
	system := f.Value.Fields[0]
	if l.Key(system.Name) == nil {
		d.Unknown(l, system)
		return Connection{}, false
	}
	return Connection{Name: f.Name, System: system.Name, Pos: f.Spot.Pos, settings: system.Value, spot: system.Spot}, true
}

// settings decodes a connection into its connector's struct.
func (d *decoder) settings(p *Project, c Connection) any {
	into := p.lang.system(c.System).Settings()
	inner := newDecoder(decode.Decoder{Problems: d.Problems, Scope: d.Scope, Later: d.Later, Dir: p.Dir, Files: d.Files})
	inner.Group(c.settings, elem(into), &decode.Level{Name: "connection " + c.Name, Keys: Keys(into), Planned: decode.Planned[c.System]}, c.spot)
	if check := p.lang.system(c.System).Check; check != nil && !d.Later.Waits() {
		for _, wrong := range check(into) {
			d.Add(c.settings.At(wrong.Path...), wrong.Code, wrong.Text, wrong.Next)
		}
	}
	return into
}

func elem(pointer any) reflect.Value { return reflect.ValueOf(pointer).Elem() }
