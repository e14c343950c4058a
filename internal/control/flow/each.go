package flow

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/scalar"
	"godwit/internal/control/flow/source"
)

// Each makes a step run once for each of some items.
type Each struct {
	Items string            `json:"items,omitempty"` // an expression that gives a list
	Reads []string          `json:"reads,omitempty"` // steps whose results Items uses
	At    string            `json:"at,omitempty"`    // connection that Query is asked at
	Query string            `json:"query,omitempty"`
	Args  []byte            `json:"args,omitempty"` // values of the names in Query, see record.EncodeValue
	File  string            `json:"file,omitempty"`
	Rows  []json.RawMessage `json:"rows,omitempty"` // of File
	As    string            `json:"as"`
	Key   string            `json:"key"`

	Parallel  int       `json:"parallel"`
	Tolerate  Tolerance `json:"tolerate"`
	StopEarly bool      `json:"stopEarly,omitempty"`
	Late      string    `json:"late,omitempty"` // as Step's
}

// eachKeys are the keys of for_each.
type eachKeys struct {
	Items     string            `flow:"items,expr" help:"list of items: an expression, such as steps.ID.rows"`
	At        string            `flow:"at,name" help:"connection that the query is asked at"`
	Query     string            `flow:"query,sql" help:"statement, or a file that ends in .sql, whose rows are the items; :path binds a value in scope"`
	With      map[string]string `flow:"with,exprs" help:"values for :names in query"`
	Args      []byte            `flow:",args"`
	File      string            `flow:"file" help:"CSV file of the project whose lines are the items; its first line names the fields"`
	As        string            `flow:"as" default:"item" help:"name of the item in expressions of the step"`
	Key       string            `flow:"key" default:"id" help:"path in the item of what tells items apart; a plain item is its own key"`
	Parallel  int               `flow:"parallel" default:"1" min:"1" help:"items at the same time; 1 is in order"`
	Tolerate  *Tolerance        `flow:"tolerate" help:"how many items may fail, as a number or a share as 5%, so that the step does not; the run ends with exit 3 then"`
	StopEarly bool              `flow:"stop_early" default:"false" help:"begin no further item once more failed than are tolerated"`
}

// Tolerance is how many items may fail: a number, and a share of all.
type Tolerance struct {
	Items int     `json:"items,omitempty"`
	Share float64 `json:"share,omitempty"`
}

// ReadPlain is tag.PlainReader's.
func (t *Tolerance) ReadPlain(v any) (err error) {
	switch v := v.(type) {
	case int64:
		if t.Items = int(v); v < 0 {
			err = errors.New("is 0 or more")
		}
	case string:
		t.Share, err = scalar.ParseShare(v)
	default:
		err = errors.New("is a number of items, or a share as 5%")
	}
	return err
}

// each checks what the tags of a for_each cannot say, and reads its file. Columns are
// the fields of the file's items, nil without one.
func (d *decoder) each(n *Node, k *eachKeys) (e *Each, columns []string) {
	e = &Each{Items: k.Items, At: k.At, Query: k.Query, Args: k.Args, File: k.File, As: k.As, Key: k.Key, Parallel: k.Parallel, StopEarly: k.StopEarly}
	if k.Tolerate != nil {
		e.Tolerate = *k.Tolerate
	}
	sources := 0
	for _, name := range []string{"items", "query", "file"} {
		if n.Field(name) != nil {
			sources++
		}
	}
	wrong := func(text, next string, keys ...string) {
		d.Add(n.At(keys...), "flow.value", text, decode.NonEmpty(next)...)
	}
	switch {
	case sources != 1:
		wrong("for_each has one of items, query and file", "items: an expression; at and query: rows of a database; file: lines of a CSV file")
	case n.Field("query") != nil && n.Field("at") == nil:
		wrong("query in for_each needs at", "at: the name of a connection", "query")
	case n.Field("query") == nil && n.Field("at") != nil:
		wrong("at in for_each belongs to query", "", "at")
	case n.Field("query") == nil && n.Field("with") != nil:
		wrong("with in for_each belongs to query", "", "with")
	}
	if _, hides := d.Scope.Types[e.As]; hides && !d.filling {
		wrong(fmt.Sprintf("as in for_each: %s is the name of something else here", e.As), "give the item another name: as: table", "as")
	} else if !source.IsName(e.As) {
		wrong(fmt.Sprintf("as in for_each: %s is no name", source.Quote(e.As)), "use letters, digits and _, and begin with a letter", "as")
	}
	if d.Later.Waits() {
		e.Late = d.said(n)
	}
	if f := n.Field("items"); f != nil && k.Items != "" && !d.filling {
		for _, path := range d.expression(f.Value, k.Items, "items in for_each", raw) {
			if id, ok := strings.CutPrefix(path, "steps."); ok {
				e.Reads = append(e.Reads, id)
			}
		}
	}
	if f := n.Field("file"); f != nil && e.File != "" {
		columns, e.Rows = d.Lines(f.Value, e.File, e.Key)
	}
	return e, columns
}
