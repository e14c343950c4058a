package settings

import (
	"encoding/json"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/request"
)

// recipe is how a setting is read and written, kept with its guard: whoever puts
// it back needs nothing else.
type recipe struct {
	Change Change
	Scope  []byte

	write *request.Template // nil: a statement
	when  *expression.Program
	set   *expression.Template
	env   map[string]any
}

func compile(c Change, s expression.Scope) (*recipe, []request.Problem) {
	r := &recipe{Change: c, env: s.Env}
	var all []request.Problem
	wrong := func(key string, problems []expression.Problem) {
		for _, p := range problems {
			one := request.Problem{Path: key, Text: p.Text}
			if p.Next != "" {
				one.Next = []string{p.Next}
			}
			all = append(all, one)
		}
	}
	var problems []expression.Problem
	if c.When != "" {
		r.when, problems = expression.Compile(c.When, s, catalog.KindBool)
		wrong("when", problems)
	}
	r.set, problems = expression.NewTemplate(c.Set.V, "set", s)
	wrong("set", problems)
	if request.Is(c.Write) {
		var places []request.Problem
		r.write, places = request.Compile(request.Form{Request: c.Write}, s)
		for _, p := range places {
			p.Path = "write"
			all = append(all, p)
		}
	}
	return r, all
}

// ready makes a recipe one that can be used.
func ready(c Change, scope []byte) (*recipe, error) {
	s, err := scopeOf(scope)
	if err != nil {
		return nil, fault.New(fault.Internal, "unit.spec", "the values of a setting cannot be read: %w", err)
	}
	r, wrong := compile(c, s)
	if len(wrong) > 0 {
		return nil, fault.New(fault.Config, "settings.invalid", "setting %s: %s in change: %s", c.Name, wrong[0].Path, wrong[0].Text)
	}
	r.Scope = scope
	return r, nil
}

// kept is a recipe as it stands in the ledger.
func (r *recipe) kept() []byte { return encode(recipe{Change: r.Change, Scope: r.Scope}) }

func unkept(text []byte) (*recipe, error) {
	var k recipe
	if err := json.Unmarshal(text, &k); err != nil {
		return nil, fault.New(fault.Internal, "ledger.damaged", "how a setting is put back cannot be read: %w", err)
	}
	return ready(k.Change, k.Scope)
}

// like reports whether another recipe reads and writes the same; the values that
// it is filled in with may differ.
func (r *recipe) like(o *recipe) bool {
	a, b := r.Change, o.Change
	a.Args, b.Args = nil, nil
	return string(encode(a)) == string(encode(b))
}

func (r *recipe) docs(item record.Object) map[string]any { return map[string]any{"item": item} }

// wanted reports whether an element is one to change.
func (r *recipe) wanted(item record.Object) (bool, error) {
	if r.when == nil {
		return true, nil
	}
	v, err := expression.NewMachine(r.env).Eval(r.when, r.docs(item))
	if err != nil {
		return false, fault.New(fault.Data, "settings.shape", "when of setting %s: %w", r.Change.Name, err)
	}
	return v == true, nil
}

// values are what is set in an element.
func (r *recipe) values(item record.Object) (record.Object, error) {
	v, err := expression.NewMachine(r.env).Fill(r.set, r.docs(item))
	if err != nil {
		return nil, fault.New(fault.Data, "settings.shape", "setting %s: %w", r.Change.Name, err)
	}
	object, _ := v.(record.Object)
	return object, nil
}
