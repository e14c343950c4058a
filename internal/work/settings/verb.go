package settings

import (
	"encoding/json"
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/expression/path"
	"godwit/internal/record"
	"godwit/internal/record/leaf"
	"godwit/internal/unit"
	"godwit/internal/unit/request"
)

// Settings is the spec of the settings verb; its steps are the flow's matter.
type Settings struct {
	At     string   `flow:"at,required,name" help:"connection"`
	Change []Change `flow:"change,required" help:"what is changed while the steps run, and put back behind them"`
	Scope  []byte   `flow:",scope"`
}

// Change is a setting, or all of a list.
type Change struct {
	Name   string        `flow:"name,required" help:"of the setting; runs that name the same one at the same system share it"`
	Read   string        `flow:"read,required,ask" help:"GET /PATH, or a query: what holds the setting now"`
	Params request.Value `flow:"params" help:"of read, when it is a request: parameters by their names"`
	Each   string        `flow:"each" help:"path of a list in what was read, as body.results, or rows: each element is a setting of its own"`
	Key    string        `flow:"key" default:"id" help:"path in an element of what tells elements apart"`
	When   string        `flow:"when,expr" help:"over item: which elements are changed; default is all"`
	Write  string        `flow:"write,required,ask,template" help:"PUT, PATCH or POST /PATH, or a statement; item is the element, or what was read"`
	Set    request.Value `flow:"set,required,template" help:"the values that are changed; all others are written as they were read"`
	Args   []byte        `flow:",args"`
}

// Verb is the settings verb.
func Verb() unit.Verb {
	return unit.Verb{
		Name:  "settings",
		Help:  "Change settings of a system while steps run; they are put back whatever happens",
		Holds: true,
		Spec:  func() any { return &Settings{} },
		Check: func(spec any) []unit.Problem { return spec.(*Settings).check() },
		Needs: func(spec any) (unit.Needs, error) {
			s := spec.(*Settings)
			n := unit.Needs{From: s.At, To: s.At, Select: catalog.Only()}
			for _, c := range s.Change {
				n.Requests = n.Requests || request.Is(c.Read) || request.Is(c.Write)
				n.Statement = n.Statement || !request.Is(c.Read) || !request.Is(c.Write)
			}
			return n, nil
		},
		Limits: func(any, int) map[string]int { return nil },
		Kinds:  map[string]unit.Kind{kindOpen: {}, kindClose: {}},
		Notes:  func(spec any, _ catalog.Facts) []unit.Note { return spec.(*Settings).notes() },
		Plan: func(step string, spec any, _ catalog.Facts) ([]unit.Unit, error) {
			return plan(step, spec.(*Settings)), nil
		},
	}
}

// Kinds of units.
const (
	kindOpen  = "open"
	kindClose = "close"
)

// plan gives the two units around the steps: that which opens, and that which
// closes, which needs nothing but its name.
func plan(step string, s *Settings) []unit.Unit {
	return []unit.Unit{
		{ID: opens(step), Step: step, Kind: kindOpen, Class: "other", Weight: 1, Spec: encode(s)},
		{ID: unit.ID(step, kindClose, "all", 1), Step: step, Kind: kindClose, Class: "other", Weight: 1, MustRun: true},
	}
}

// opens is the unit that holds the guards of a step: inside of loops each item has
// its own.
func opens(step string) string { return unit.ID(step, kindOpen, "all", 1) }

// check finds what the tags cannot say.
func (s *Settings) check() (wrong []unit.Problem) {
	scope, err := scopeOf(s.Scope)
	if err != nil {
		return nil
	}
	names := map[string]bool{}
	for i, c := range s.Change {
		at := fmt.Sprintf("change[%d]", i)
		add := func(key, text string, next ...string) {
			wrong = append(wrong, unit.Problem{Path: at + "." + key, Code: "settings.invalid", Text: key + " in change: " + text, Next: next})
		}
		if names[c.Name] {
			add("name", fmt.Sprintf("there are two settings %q", c.Name), "give each its own name")
		}
		names[c.Name] = true
		c.words(add)
		_, problems := compile(c, scope)
		for _, p := range problems {
			add(p.Path, p.Text, p.Next...)
		}
	}
	return wrong
}

// words checks what stands in a change, apart from its expressions.
func (c Change) words(add func(key, text string, next ...string)) {
	if request.Is(c.Read) {
		if text := request.Wrong(c.Read, "GET"); text != "" {
			add("read", text)
		}
	} else if c.Params.V != nil {
		add("params", "they belong to a request: a query has its values by :names")
	}
	if request.Is(c.Write) {
		if text := request.Wrong(c.Write, "PUT", "PATCH", "POST"); text != "" {
			add("write", text)
		}
	}
	if request.Is(c.Read) != request.Is(c.Write) {
		add("write", "what is read by a request is written by one, what is read by a query by a statement")
	}
	if c.Each != "" && request.Is(c.Read) {
		if _, err := path.Parse(c.Each); err != nil || !strings.HasPrefix(c.Each, "body") {
			add("each", "it is the path of a list in the answer, as body.results")
		}
	} else if c.Each != "" && c.Each != "rows" {
		add("each", "of a query it is rows")
	}
	if c.When != "" && c.Each == "" {
		add("when", "it chooses among the elements of each", "if at the step says whether it is changed at all")
	}
	if set, ok := c.Set.V.(record.Object); !ok || len(set) == 0 {
		add("set", "it is a mapping of the values that are changed, as {sending: false}")
	}
}

// notes say what will be changed, for the plan.
func (s *Settings) notes() (notes []unit.Note) {
	for _, c := range s.Change {
		what := "all elements of " + c.Each
		if c.When != "" {
			what = "elements of " + c.Each + " with " + c.When
		}
		if c.Each == "" {
			what = c.Read
		}
		var fields []string
		for _, l := range leaf.Of(c.Set.V) {
			fields = append(fields, l.Name())
		}
		notes = append(notes, unit.Note{Label: "changes", Text: fmt.Sprintf("%s of %s (%s): %s; put back behind the steps", c.Name, s.At, strings.Join(strings.Fields(what), " "), strings.Join(fields, ", "))})
	}
	return notes
}

func encode(v any) json.RawMessage { return unit.Body(v) }

// scopeOf is what expressions may name beside item.
func scopeOf(frozen []byte) (expression.Scope, error) {
	s := expression.Scope{Roots: map[string]expression.Root{"item": request.Open}, Env: map[string]any{}}
	known, err := record.DecodeObject(frozen)
	for name, v := range known {
		if name != "item" {
			s.Env[name] = v
		}
	}
	return s, err
}
