package action

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/request"
)

// compile makes the expression of until ready to run.
func (s *WaitFor) compile() (*expression.Program, []expression.Problem) {
	env, err := record.DecodeObject(s.Scope)
	if err != nil {
		return nil, []expression.Problem{{Line: 1, Column: 1, Text: "what is in scope cannot be read"}}
	}
	scope := expression.Scope{Roots: map[string]expression.Root{"rows": request.Open}, Lists: map[string]bool{"rows": true, "body": true}, Env: env}
	if s.Request != "" {
		scope.Roots = map[string]expression.Root{"headers": request.Open, "body": request.Open}
		scope.Names = map[string]catalog.Type{"status": {Kind: catalog.KindInt}}
	}
	return expression.Compile(s.Until, scope, catalog.KindBool)
}

// so tells whether an answer is what is waited for, and what it was. A path that
// leads nowhere is null; what cannot be told for that is not so yet.
func (s *WaitFor) so(docs map[string]any) (yes bool, saw string, err error) {
	program, problems := s.compile()
	if program == nil {
		return false, "", fault.New(fault.Config, "wait.invalid", "until %d:%d: %s", problems[0].Line, problems[0].Column, problems[0].Text)
	}
	env, err := unit.Frozen(s.Scope)
	if err != nil {
		return false, "", err
	}
	saw, whole := seen(program, docs)
	v, err := expression.NewMachine(env).Eval(program, docs)
	if err != nil && !whole {
		return false, saw, nil
	}
	if err != nil {
		return false, saw, fault.New(fault.Config, "wait.until", "until cannot be told: %w; the answer: %s", err, saw)
	}
	yes, ok := v.(bool)
	if !ok {
		return false, saw, fault.New(fault.Config, "wait.until", "until gives %s, not true or false", record.Show(v, false))
	}
	return yes, saw, nil
}

// A few values are told of an answer.
const mostSeen = 4

// seen is what an expression read of an answer, and whether all of it was there.
// Texts are not told, they may be anybody's: only that two of them are the same is
// seen.
func seen(p *expression.Program, docs map[string]any) (saw string, whole bool) {
	var parts []string
	if status, ok := docs["status"]; ok {
		parts = append(parts, "status = "+show(status))
	}
	whole = true
	for _, v := range p.Vars {
		if len(v.Path) == 0 && slices.ContainsFunc(p.Vars, func(o expression.Var) bool { return o.Root == v.Root && len(o.Path) > 0 }) {
			continue
		}
		value, err := v.Path.Get(docs[v.Root])
		if err != nil || value == record.Missing {
			parts, whole = append(parts, name(v)+" is not there"), false
			continue
		}
		parts, whole = append(parts, name(v)+" = "+show(value)), whole && value != nil
	}
	if n := len(parts); n > mostSeen {
		parts = append(parts[:mostSeen], fmt.Sprintf("%d more", n-mostSeen))
	}
	return strings.Join(parts, ", "), whole
}

// name is a path as it is written.
func name(v expression.Var) string {
	if len(v.Path) == 0 {
		return v.Root
	}
	return strings.Replace(v.Name, ".[", "[", 1)
}

// show tells numbers, times and truth values.
func show(v any) string {
	switch v := v.(type) {
	case []any:
		if len(v) == 1 {
			return "1 element"
		}
		return fmt.Sprintf("%d elements", len(v))
	case record.Object:
		return fmt.Sprintf("a document of %d fields", len(v))
	case string, []byte:
		return record.Show(v, false)
	}
	return record.Show(v, true)
}
