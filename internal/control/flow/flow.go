package flow

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/expression"
	"godwit/internal/control/flow/input"
	"godwit/internal/control/flow/source"
)

// Input is a value that a flow asks for.
type Input = input.Input

// Flow is a flow file that was read and checked as far as that goes without
// inputs and environment. It does not change and is safe for concurrent use.
type Flow struct {
	Name        string
	Help        string
	Inputs      []Input
	Connections map[string]Connection // the project's and its own
	Steps       []Step                // values with ${...} are not filled in yet: Bind does it
	Finally     []Step                // at the end, however that is
	Files       map[string]string     // sha256 in hex by path in the project, as far as the paths are known

	project  *Project
	files    *source.Files
	path     string // of its file, as Files has it
	steps    *Node
	finally  *Node
	level    *decode.Level
	declared map[string]bool // names of connections, also of broken ones
	wrong    Diagnostics

	overlap   *Overlap
	overlapAt source.Spot
}

// flowKeys are the keys of a flow file.
type flowKeys struct {
	Help        string   `flow:"help" help:"what the flow is for, in a sentence"`
	Inputs      *Node    `flow:"inputs" help:"what it asks for, by name: --set NAME=VALUE"`
	Connections *Node    `flow:"connections" help:"systems that only this flow uses; may use inputs"`
	Steps       *Node    `flow:"steps,required" help:"what it does, in order"`
	Overlap     *Overlap `flow:"overlap" help:"runs of the flow that are not at work at the same time"`
	Finally     *Node    `flow:"finally" help:"steps that run at its end, however that was"`
}

// Flow reads a flow of the project by its name or path. It is nil when nothing
// can be made of the file; with diagnostics it cannot be bound.
func (p *Project) Flow(name string) (*Flow, Diagnostics) {
	fs := p.files.Clone()
	d := newDecoder(decode.Decoder{Dir: p.Dir, Files: fs})
	path, ok := p.flowPath(name)
	f := &Flow{Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), project: p, path: path, files: fs, Files: fs.Sums}
	var n *Node
	if ok {
		n = fs.YAML(d.Problems, path)
	}
	if n == nil {
		if len(d.List) == 0 {
			d.Add(source.Spot{Pos: Pos{File: path}}, "flow.missing", "there is no flow "+source.Quote(name), decode.Choice(f.Name, p.Flows, "flows"))
		}
		return nil, d.List.Sorted()
	}
	if !plainName.MatchString(f.Name) {
		d.Add(source.Spot{Pos: Pos{File: path}}, "flow.value", source.Quote(f.Name)+" is no name of a flow", "use letters, digits, _ and -, and begin with a letter")
	}
	f.decode(d, n)
	f.wrong = d.List.Sorted()
	return f, f.wrong
}

// flowPath is the file of a flow, relative to the project where it is inside.
func (p *Project) flowPath(name string) (string, bool) {
	if !isPath(name) {
		return filepath.ToSlash(filepath.Join("flows", name+".yaml")), name != ""
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return name, false
	}
	if rel, err := filepath.Rel(p.Dir, abs); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel), true
	}
	return abs, true
}

func (f *Flow) decode(d *decoder, n *Node) {
	var keys flowKeys
	f.level = &decode.Level{Name: "the flow", Keys: Keys(keys), Planned: decode.Planned["flow"]}
	d.keys(n, &keys, f.level)
	f.Help, f.steps, f.finally = keys.Help, keys.Steps, keys.Finally
	f.Inputs = input.Declared(d.Decoder, keys.Inputs, f.level)
	d.Scope = f.project.types(nonNil(f.Inputs))
	if at := n.Field("overlap"); at != nil && keys.Overlap != nil {
		f.overlap, f.overlapAt = keys.Overlap, at.Spot
		if key, code := at.Value.Field("key"), keys.Overlap.Key; key != nil && code != "" {
			if _, err := expression.Compile(code, d.Scope.Types); err != nil {
				d.Scope.Explain(d.Decoder, key.Value.Spot.Inside(key.Value.Text, code, 0), code, "key in overlap", err)
			}
		}
	}
	f.Connections = maps.Clone(f.project.Connections)
	for name, c := range d.connections(f.project, keys.Connections, f.level) {
		if outer, ok := f.Connections[name]; ok {
			at := source.Spot{File: c.spot.File, Pos: c.Pos, Width: len(name)}
			d.Add(at, "connection.twice", fmt.Sprintf("connection %s is there already, at %s", name, outer.Pos), "give it another name")
			continue
		}
		f.Connections[name] = c
	}
	f.declared = f.project.declared
	if own := declared(keys.Connections, false); own != nil && f.declared != nil {
		maps.Copy(own, f.declared)
		f.declared = own
	}
	d.Known, d.Used = f.declared, map[string]bool{}
	f.Steps, f.Finally = d.steps(f)
}

func nonNil(in []Input) []Input {
	if in == nil {
		return []Input{}
	}
	return in
}
