package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/expression"
	"godwit/internal/control/flow/source"

	"github.com/expr-lang/expr/types"
)

// within is where a step stands: what its expressions may use.
type within struct {
	scope   *decode.Scope // inputs and env
	lang    Language
	project *Project // nil in the run
	level   *decode.Level
	before  []Step    // whose results can be used
	items   types.Map // of the loops around it, by name
	ends    bool      // it runs at an end, and sees the error
	pinned  string    // connection that is read at one point in time around it
}

// results are the types of what a step leaves behind.
func (s Step) results() types.Type {
	list := types.TypeOf([]any{})
	switch {
	case s.Each != nil:
		return types.Map{"done": list, "failed": list}
	case s.Verb == "http":
		return types.Map{"status": types.Int, "headers": types.Any, "body": types.Any}
	case s.Verb == "sql":
		return types.Map{"rows": list, "count": types.Int}
	}
	return types.Map{}
}

// enter makes the names of a place known. All but inputs and env come later.
func (d *decoder) enter(w within) {
	if d.filling {
		return
	}
	s := &decode.Scope{Types: maps.Clone(w.scope.Types), Values: w.scope.Values}
	steps := types.Map{}
	for _, b := range w.before {
		steps[b.ID] = b.results()
	}
	s.Types["steps"] = steps
	s.Types["run"] = types.Map{"id": types.String, "started": types.String}
	names := []string{"steps", "run"}
	if w.ends {
		s.Types["error"] = types.Any
		names = append(names, "error")
	}
	for name, t := range w.items {
		s.Types[name] = t
		names = append(names, name)
	}
	d.Scope, d.Later = s, &decode.Later{Names: append(names, d.unknown...), Place: d.Later.HasPlace(), File: d.Later.HasFile(), Open: d.unknown != nil}
}

// expression checks one that is evaluated in the run, and lists what it reads.
func (d *decoder) expression(n *Node, code, where string, kind Kind) []string {
	at := n.Spot.Inside(n.Text, code, 0)
	program, err := expression.Compile(code, d.Scope.Types)
	if err != nil {
		d.Scope.Explain(d.Decoder, at, code, where, err)
		return nil
	}
	k := Key{Kind: kind}
	if kind == raw {
		k = Key{List: true}
	}
	if t := program.Node().Type(); !decode.Fits(k, t) {
		d.Add(at, "flow.type", fmt.Sprintf("%s is a %s, %s is a %s", where, decode.Wanted(k), source.Quote(code), expression.TypeName(t)))
	}
	return expression.Reads(program)
}

// said is the hash of what a value says, and of the files that it names.
func (d *decoder) said(n *Node) string {
	h := sha256.New()
	n.Print(h)
	for _, path := range slices.Compact(slices.Sorted(slices.Values(d.Later.Read))) {
		fmt.Fprintf(h, "\n%s %s", path, d.Files.Sums[path])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// identify names all steps: by their id, else by their verb.
func (d *decoder) identify(lang Language, lists ...*Node) map[*Node]string {
	ids, taken := map[*Node]string{}, map[string]Pos{}
	var all []*Node
	for _, n := range lists {
		all = append(all, stepNodes(n)...)
	}
	for _, n := range all {
		f := n.Field("id")
		if f == nil || f.Value.Shape != source.Scalar || f.Value.Text == "" {
			continue
		}
		id, at := f.Value.Text, f.Value.Spot
		if !plainName.MatchString(id) {
			d.Add(at, "flow.value", source.Quote(id)+" is no id of a step", "use letters, digits, _ and -, and begin with a letter")
		}
		if first, ok := taken[id]; ok {
			d.Add(at, "flow.value", fmt.Sprintf("step %s is there already, at %s", id, first), "give it another id")
		}
		ids[n], taken[id] = id, n.Spot.Pos
	}
	for _, n := range all {
		if ids[n] != "" {
			continue
		}
		verb := ""
		for _, f := range n.Fields {
			if slices.Contains(verbNames(lang), f.Name) {
				verb = f.Name
			}
		}
		id := verb
		for i := 2; taken[id] != (Pos{}); i++ {
			id = fmt.Sprintf("%s-%d", verb, i)
		}
		ids[n], taken[id] = id, n.Spot.Pos
	}
	return ids
}

// stepNodes lists the steps of a list and all inside them, in the file's order.
func stepNodes(list *Node) (all []*Node) {
	if list == nil || list.Shape != source.List {
		return nil
	}
	for _, n := range list.Items {
		if n.Shape != source.Mapping {
			continue
		}
		all = append(all, n)
		for _, f := range n.Fields {
			if f.Name == InOrder || f.Name == AtOnce || f.Name == "finally" {
				all = append(all, stepNodes(f.Value)...)
			} else if inner := f.Value.Field(InOrder); inner != nil { // of a verb that holds some
				all = append(all, stepNodes(inner.Value)...)
			}
		}
	}
	return all
}
