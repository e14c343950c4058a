package calls

import (
	"fmt"
	"strings"

	"godwit/internal/expression"
	"godwit/internal/record"
	"godwit/internal/record/leaf"
	"godwit/internal/unit/request"
)

// onto are the compiled parts of an Onto.
type onto struct {
	request *request.Template
	value   *expression.Program // nil: the body
}

func (c *compiler) onto(out *Compiled, method string, s expression.Scope) {
	o := out.Onto
	if o == nil {
		return
	}
	switch {
	case method != "PUT" && method != "":
		c.bad(".onto", "onto is for PUT: it replaces the object, and what is not sent would be lost")
	case out.Body == nil:
		c.bad(".onto", "onto needs a body, which is laid over what is there")
	}
	if d := out.InDoubt; d != nil && d.Then == request.Keyed {
		c.bad(".in_doubt", "what is laid over what is there may be another body each time: a system that knows requests by a key would refuse it", "in_doubt: repeat")
	}
	line := o.Request
	switch text := request.Wrong(line, "GET"); {
	case line == "":
		line = "GET " + strings.TrimPrefix(out.Call.Request, method+" ")
	case text != "":
		c.bad(".onto.request", "request: "+text)
		line = ""
	}
	t, problems := request.Compile(request.Form{Request: line, Params: o.Params}, s)
	for _, p := range problems {
		if o.Request != "" || p.Path != "request" { // else it is told of the call
			c.bad(".onto."+p.Path, p.Text, p.Next...)
		}
	}
	out.over = &onto{request: t, value: c.expr(".onto.value", o.Value, request.Answer(s.Env), "")}
	if len(problems) == 0 {
		for _, p := range t.Programs() {
			c.uses(p)
		}
	}
}

// Over fills in how the object is read that the body is laid over.
func (c *Compiled) Over(m *expression.Machine, docs map[string]any) (request.Filled, error) {
	return c.over.request.Fill(m, docs)
}

// Lay is a body laid over what an answer has: values that the body has none for stay,
// lists are replaced whole.
func (c *Compiled) Lay(m *expression.Machine, body any, answer map[string]any) (any, error) {
	over, ok := body.(record.Object)
	if !ok {
		return nil, fmt.Errorf("onto: the body is no object")
	}
	there := answer["body"]
	if c.over.value != nil {
		var err error
		if there, err = m.Eval(c.over.value, answer); err != nil {
			return nil, fmt.Errorf("onto.value: %w", err)
		}
	}
	object, ok := there.(record.Object)
	if !ok {
		return nil, fmt.Errorf("onto: what is read there is no object")
	}
	return leaf.Lay(object, leaf.Of(over)), nil
}
