// Package request is a place at an API: the keys that say what is asked for,
// as they stand in a flow. It sends nothing. Start at Place.
package request

import (
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/unit"
)

// Place is what is read of an API.
type Place struct {
	Request string   `flow:"request,request" help:"of APIs: GET /PATH below the connection's URL; a value of ${} is encoded as one part of the path"`
	Params  Params   `flow:"params" help:"of APIs: parameters by their names; null is left out, a list is given as often as it is long"`
	Fields  []string `flow:"fields" help:"of APIs: which fields of the objects are read; default is those of the first page, and an object with another one is rejected"`
}

// Problem is what is wrong with the keys, empty for nothing, and the key that
// it is about.
func (p Place) Problem() (key, text string) {
	switch {
	case p.Request == "" && len(p.Params) > 0:
		return "params", "params belong to a request"
	case p.Request == "" && len(p.Fields) > 0:
		return "fields", "fields belong to a request: a query says itself which columns it has"
	case p.Request != "" && !strings.HasPrefix(p.Request, "GET /"):
		return "request", "request is GET and a path, as GET /assignments: nothing else only reads"
	case strings.ContainsAny(p.Request, "?;#"):
		return "request", "the path of a request has no ?, ; or #: write parameters as params"
	}
	return "", ""
}

// Into puts the keys into a query.
func (p Place) Into(q *catalog.Query) {
	q.Request, q.Params, q.Fields = p.Request, p.Params, p.Fields
}

// Params are the values of parameters as texts.
type Params = unit.Params
