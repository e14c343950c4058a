package httpapi

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"
)

// target is what a request goes to: a path below the connection's URL with
// parameters, or a link that an answer gave.
type target struct {
	path   string // encoded
	params map[string][]string
	link   string
	as     string // query or matrix; "" = as the connection says
}

// with adds parameters.
func (t target) with(more map[string]string) target {
	params := maps.Clone(t.params)
	if params == nil {
		params = map[string][]string{}
	}
	for name, v := range more {
		params[name] = []string{v}
	}
	t.params = params
	return t
}

// parse reads a query's request.
func (e *Endpoint) parse(q connector.Query) (target, error) {
	invalid := func(text string, args ...any) *fault.Error {
		return fault.New(fault.Config, "query.invalid", text, args...).Hint("write from: {at: %s, request: GET /PATH, params: {NAME: VALUE}}", e.name)
	}
	if q.Request == "" {
		return target{}, invalid("an API is read by requests, not by tables, queries or files").
			Hint("a loop over its objects: an http step before it, and items: steps.ID.body.results")
	}
	method, path, ok := strings.Cut(q.Request, " ")
	switch {
	case !ok || method != "GET":
		return target{}, invalid("request: %q is none to read by: GET and a path", q.Request)
	case q.Since != nil:
		return target{}, invalid("since is for tables: a parameter of the API may say since when")
	}
	if why := badPath(path); why != "" {
		return target{}, invalid("request: %s", why)
	}
	return target{path: path, params: q.Params}, nil
}

// badPath says what is wrong with a path below the connection's URL. Values in
// it were encoded when they were filled in; a dot segment would lead elsewhere.
func badPath(path string) string {
	switch {
	case !strings.HasPrefix(path, "/"):
		return "the path begins with /"
	case strings.ContainsAny(path, "?;#"):
		return "the path has no ?, ; or #: parameters stand in params"
	}
	if u, err := url.Parse(path); err != nil || u.EscapedPath() != path || u.Host != "" {
		return "what is special in the path is written as %XX"
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(path[1:], "/"), "/") {
		if plain, err := url.PathUnescape(segment); err != nil || plain == "." || plain == ".." || plain == "" && path != "/" {
			return "a part of the path is empty, . or .."
		}
	}
	return ""
}

// locate is the whole address, each value encoded for its place.
func (c *client) locate(t target) (*url.URL, error) {
	if t.link != "" {
		u, err := c.base.Parse(t.link)
		if err != nil || u.Scheme != c.base.Scheme || u.Host != c.base.Host {
			return nil, fault.New(fault.Data, "http.pages", "the link to the next page leads to another server").
				Hint("only %s is sent the login", c.base.Host)
		}
		return u, nil
	}
	text := strings.TrimSuffix(c.base.EscapedPath(), "/") + t.path
	if text == "" {
		text = "/"
	}
	if t.as == asMatrix || t.as == "" && c.matrix {
		for _, name := range slices.Sorted(maps.Keys(t.params)) {
			for _, v := range t.params[name] {
				text += ";" + matrixEscape(name) + "=" + matrixEscape(v)
			}
		}
	} else if len(t.params) > 0 {
		text += "?" + url.Values(t.params).Encode()
	}
	return c.base.Parse(text)
}

// matrixEscape encodes what divides parameters in a path, too (RFC 3986, 3.3).
func matrixEscape(text string) string {
	return strings.NewReplacer("=", "%3D", "&", "%26", "+", "%2B").Replace(url.PathEscape(text))
}
