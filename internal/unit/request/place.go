package request

import "godwit/internal/catalog"

// Place is what is read of an API, as keys of a flow.
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
	case p.Request == "":
		return "", ""
	}
	if text := Wrong(p.Request, "GET"); text != "" {
		return "request", "request: " + text
	}
	return "", ""
}

// Into puts the keys into a query.
func (p Place) Into(q *catalog.Query) {
	q.Request, q.Params, q.Fields = p.Request, p.Params, p.Fields
}
