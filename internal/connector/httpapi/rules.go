package httpapi

import (
	"net/http"
	"strings"
	"sync"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/expression"
	"godwit/internal/expression/path"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// rules are the connection's own words about answers. Safe for concurrent use;
// the zero value knows the status alone.
type rules struct {
	success *expression.Program
	said    *expression.Program // what an error says

	mu  sync.Mutex
	own map[string]*expression.Program // of single requests, by their text
}

// answerScope is what expressions about an answer may name.
func answerScope() expression.Scope {
	open := func(path.Path) (t catalog.Type, problem, next string) { return t, "", "" }
	return expression.Scope{Roots: map[string]expression.Root{"headers": open, "body": open}, Names: map[string]catalog.Type{"status": {Kind: catalog.KindInt}}}
}

func compile(key, code string, wanted catalog.Kind) (*expression.Program, error) {
	if code == "" {
		return nil, nil
	}
	p, problems := expression.Compile(code, answerScope(), wanted)
	if len(problems) > 0 {
		f := fault.New(fault.Config, "settings.invalid", "%s %d:%d: %s", key, problems[0].Line, problems[0].Column, problems[0].Text)
		if problems[0].Next != "" {
			f.Hint("%s", problems[0].Next)
		}
		return nil, f
	}
	return p, nil
}

// predicate is what tells success: of the request, of the connection, or none.
func (r *rules) predicate(own string) (*expression.Program, error) {
	if own == "" {
		return r.success, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.own[own]; p != nil {
		return p, nil
	}
	p, err := compile("success", own, catalog.KindBool)
	if err != nil {
		return nil, err
	}
	if r.own == nil {
		r.own = map[string]*expression.Program{}
	}
	r.own[own] = p
	return p, nil
}

// judge tells an answer from an error. What may come again by itself is told by
// the status alone.
func (c *client) judge(a *answer, l *login, s *sending) error {
	p, err := c.rules.predicate(s.success)
	if err != nil {
		return err
	}
	fine := a.status >= 200 && a.status <= 299
	if p != nil {
		v, err := expression.NewMachine(nil).Eval(p, a.shown().Docs())
		if err != nil {
			return fault.New(fault.Data, "http.answer", "%d %s, and success cannot be told: %w", a.status, http.StatusText(a.status), err).
				Hint("see success; the answer: %s", excerpt(a, l))
		}
		fine = v == true
	}
	switch {
	case fine:
		return nil
	case a.status >= 200 && a.status <= 299:
		return fault.New(fault.Data, "http.refused", "%d %s, and it is no success: %s", a.status, http.StatusText(a.status), c.told(a, l)).
			Hint("the answer says what it has against the request; success tells an answer from an error")
	}
	err = c.refusal(a, c.told(a, l))
	if s.method != http.MethodGet && uncertain(a.status) {
		return &connector.DoubtError{Err: err}
	}
	return err
}

// uncertain are the statuses by which a system, or one before it, says that it
// does not know how a request ended (RFC 9110, 15.6).
func uncertain(status int) bool {
	return status == http.StatusInternalServerError || status == http.StatusBadGateway || status == http.StatusGatewayTimeout || status == http.StatusRequestTimeout
}

// told is what an answer says went wrong: by the connection's error, else its
// beginning.
func (c *client) told(a *answer, l *login) string {
	if c.rules.said == nil {
		return excerpt(a, l)
	}
	v, err := expression.NewMachine(nil).Eval(c.rules.said, a.shown().Docs())
	if err != nil || v == nil {
		return excerpt(a, l)
	}
	text, ok := v.(string)
	if !ok {
		b, _ := record.EncodeJSON(v)
		text = string(b)
	}
	return excerpt(&answer{body: []byte(text)}, l)
}

// shown is an answer as expressions see it.
func (a *answer) shown() *connector.Answer {
	if a.seen != nil {
		return a.seen
	}
	out := &connector.Answer{Status: a.status, Headers: map[string]any{}, After: a.after}
	for name, v := range a.header {
		out.Headers[strings.ToLower(name)] = v[0]
	}
	if len(a.body) > 0 {
		v, err := record.DecodeJSON(a.body)
		if out.Body = v; err != nil {
			out.Body = strings.ToValidUTF8(string(a.body), "\ufffd")
		}
	}
	a.seen = out
	return out
}
