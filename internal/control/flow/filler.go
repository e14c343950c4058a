package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/expression"
	"godwit/internal/control/flow/input"
	"godwit/internal/control/flow/source"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/expr-lang/expr/types"
)

func variables(name string, rehearsal bool, vars map[string]any) map[string]any {
	all := map[string]any{"name": name, "rehearsal": rehearsal}
	maps.Copy(all, vars)
	return all
}

// needsLate reports whether something of the steps is evaluated in the run.
func needsLate(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool {
		return s.If != "" || s.Each != nil || s.Late != "" || s.Verb == Calls || needsLate(s.Steps) || needsLate(s.Finally)
	})
}

// freeze keeps the flow's text and the files that it names. Where one of them
// is named by data all are kept that it may be.
func (d *decoder) freeze(f *Flow, e Environment) *Late {
	late := &Late{Path: f.path, Texts: map[string]string{}, Vars: e.Vars}
	if d.Later.HasFile() || d.calls {
		d.readAll()
		h := sha256.New()
		for _, path := range decode.SortedKeys(d.Files.Sums) {
			fmt.Fprintln(h, path, d.Files.Sums[path])
		}
		late.Hash = hex.EncodeToString(h.Sum(nil))
	}
	for path, data := range d.Files.Data {
		if path != projectFile || d.calls {
			late.Texts[path] = string(data)
		}
	}
	return late
}

// mostFiles bounds what is frozen of a project whose files are named by data.
const mostFiles = 2000

// readAll reads the project's processes, maps, queries and tables of values.
func (d *decoder) readAll() {
	if d.Files.Closed {
		return // of a flow that a run calls: they were read when that began
	}
	n := 0
	err := filepath.WalkDir(d.Dir, func(path string, entry fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(d.Dir, path) // below it
		rel = filepath.ToSlash(rel)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && rel != "." && (strings.HasPrefix(entry.Name(), ".") || rel == "flows" && !d.calls):
			return fs.SkipDir
		case entry.IsDir() || rel == projectFile && !d.calls || !slices.Contains([]string{".yaml", ".sql", ".csv"}, filepath.Ext(rel)):
			return nil
		}
		if n++; n > mostFiles {
			return fmt.Errorf("there are more than %d files", mostFiles)
		}
		_, err = d.Files.Read(rel)
		return err
	})
	if err != nil {
		d.Add(source.Spot{Pos: Pos{File: d.Dir}}, "flow.file", "the path of a file depends on data, so all files of the project are read: "+source.Cause(err))
	}
}

// Filler fills in steps, and evaluates expressions, while a run is under way.
// It reads no file: all it needs is frozen. Safe for concurrent use.
type Filler struct {
	bound *Bound
	lang  Language
	root  *Node
	files *source.Files
	own   *decode.Scope // inputs and env
	level *decode.Level
	nodes map[string]*Node // steps by id
	ids   map[*Node]string
	known map[string]bool // connections
}

// Filler reads the frozen flow again. It is nil when nothing is filled in.
func (b *Bound) Filler(lang Language) (*Filler, error) {
	if b.Late == nil {
		return nil, nil
	}
	f := &Filler{bound: b, lang: lang, files: source.NewFiles(""), nodes: map[string]*Node{}, known: map[string]bool{}}
	f.files.Closed = true
	for path, text := range b.Late.Texts {
		f.files.Data[path] = []byte(text)
	}
	d := f.decoder()
	f.root = source.Parse(b.Late.Path, f.files.Data[b.Late.Path], d.Problems)
	if f.root == nil {
		return nil, fault.Wrap(d.List.Err(), "read the frozen flow")
	}
	var keys flowKeys
	f.level = &decode.Level{Name: "the flow", Keys: Keys(keys), Planned: decode.Planned["flow"]}
	d.keys(f.root, &keys, f.level)
	values := map[string]any{}
	if !b.from.unknown {
		values, _ = input.Given(d.Decoder, input.Declared(d.Decoder, keys.Inputs, f.level), b.Inputs)
	}
	f.own = &decode.Scope{Types: expression.Names{}, Values: map[string]any{"inputs": values, "env": variables(b.Env, b.Rehearsal, b.Late.Vars)}}
	for name, v := range f.own.Values {
		f.own.Types[name] = typeOf(v)
	}
	f.ids = d.identify(lang, keys.Steps, keys.Finally)
	for n, id := range f.ids {
		f.nodes[id] = n
	}
	for name := range b.Connections {
		f.known[name] = true
	}
	return f, fault.Wrap(d.List.Err(), "read the frozen flow")
}

func (f *Filler) decoder() *decoder {
	d := newDecoder(decode.Decoder{Files: f.files.Clone(), Known: f.known, Used: map[string]bool{}})
	d.filling, d.ids, d.Referred, d.Stubbed = true, f.ids, f.bound.Referred, f.bound.Stubbed
	return d
}

// typeOf is the type of a value that is known; what is in it may be anything.
func typeOf(v any) types.Type {
	object, ok := v.(map[string]any)
	if !ok {
		return types.Any
	}
	fields := types.Map{}
	for name, one := range object {
		fields[name] = types.Any
		if one != nil {
			fields[name] = types.TypeOf(one)
		}
	}
	return fields
}

// with is the scope with what came in the run, as records hold it.
func (f *Filler) with(late record.Object) *decode.Scope {
	s := &decode.Scope{Types: maps.Clone(f.own.Types), Values: maps.Clone(f.own.Values), Exact: late}
	for name, v := range late {
		s.Types[name], s.Values[name] = types.Any, decode.Expressible(v)
	}
	return s
}

// StepOf is the id in the flow of a step that is named with its items: stage of
// stage[17].
func StepOf(name string) string {
	id, _, _ := strings.Cut(name, "[")
	return id
}

// Step fills in a step, named with its items, with what is known when it begins:
// its spec, and the query of its for_each. What is wrong with it is a fault of
// kind config, with its place in the flow.
func (f *Filler) Step(id string, late record.Object) (*Step, error) {
	n := f.nodes[StepOf(id)]
	if n == nil {
		return nil, fault.New(fault.Internal, "flow.gone", "the frozen flow has no step %s", id)
	}
	d := f.decoder()
	d.Scope = f.with(late)
	s, ok := d.step(n, within{scope: d.Scope, lang: f.lang, level: stepLevel(f.lang, f.level)})
	if wrong := d.List.Sorted(); len(wrong) > 0 || !ok {
		return nil, refused(id, wrong)
	}
	return &s, nil
}

// Each fills in the for_each of a step: where its items are read.
func (f *Filler) Each(id string, late record.Object) (*Each, error) {
	n := f.nodes[StepOf(id)]
	if n == nil || n.Field("for_each") == nil {
		return nil, fault.New(fault.Internal, "flow.gone", "the frozen flow has no step %s with items", id)
	}
	d := f.decoder()
	d.Scope = f.with(late)
	var k eachKeys
	field := n.Field("for_each")
	d.Group(field.Value, elem(&k), &decode.Level{Name: "for_each", Keys: Keys(k)}, field.Spot)
	e, _ := d.each(field.Value, &k)
	if wrong := d.List.Sorted(); len(wrong) > 0 {
		return nil, refused(id, wrong)
	}
	return e, nil
}

// refused is a step that cannot be filled in, with the places in its files.
func refused(id string, wrong Diagnostics) error {
	if len(wrong) == 0 {
		return fault.New(fault.Internal, "flow.gone", "step %s cannot be read from the frozen flow", id)
	}
	e := fault.New(fault.Config, wrong[0].Code, "step %s, %s: %s", id, wrong[0].Pos, wrong[0].Text)
	for _, next := range wrong[0].Next {
		e.Hint("%s", next)
	}
	for _, d := range wrong[1:] {
		e.With("and", "%s", d)
	}
	return e
}

// Value evaluates an expression over what is known by now. The result is as
// records hold values.
func (f *Filler) Value(code string, late record.Object) (any, error) {
	s := f.with(late)
	if exact, ok := s.Path(code); ok {
		return exact, nil
	}
	program, err := expression.Compile(code, s.Types)
	if err != nil {
		return nil, err
	}
	v, err := expression.Run(program, s.Values)
	return decode.Plain(v), err
}
