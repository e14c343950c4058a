package action

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Executors returns those of the wait_for verb, by kind of unit.
func Executors(open connector.Opener) map[string]unit.Executor {
	return map[string]unit.Executor{"probe": &prober{open}}
}

// What is read of an answer at most: until looks at it, it is no place to move
// rows through.
const (
	mostRows  = 1000
	mostBytes = 1 << 20
)

// prober asks once. Its facts are true when it is so, else a text: what it saw.
type prober struct{ open connector.Opener }

// Do asks. A system that is out of reach is a fault that passes.
func (x *prober) Do(ctx context.Context, u unit.Unit, _ unit.Lease, report unit.Report) (unit.Result, error) {
	var s WaitFor
	if err := json.Unmarshal(u.Spec, &s); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: "asking"})
	yes, saw, err := x.asked(ctx, &s)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "ask %s", s.At)
	}
	report.At("probe.asked")
	if yes {
		return unit.Result{Facts: json.RawMessage("true")}, nil
	}
	return unit.Result{Facts: unit.Body(saw)}, nil
}

// Done knows nothing: asking leaves nothing behind.
func (*prober) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// asked reports whether it is so, and what was seen.
func (x *prober) asked(ctx context.Context, s *WaitFor) (yes bool, saw string, err error) {
	switch {
	case s.Request != "":
		return x.called(ctx, s)
	case s.Query != "":
		rows, err := x.rows(ctx, s)
		if err != nil {
			return false, "", err
		}
		return s.so(map[string]any{"rows": rows})
	}
	i, err := connector.Capable[connector.Inspector](ctx, x.open, s.At, "be asked whether it is there")
	if err == nil {
		_, err = i.Inspect(ctx, catalog.Only())
	}
	return err == nil, "", err
}

// called asks by a request. Any answer is one to look at; only what the login is
// not let to is none that comes by itself.
func (x *prober) called(ctx context.Context, s *WaitFor) (bool, string, error) {
	caller, err := connector.Capable[connector.Caller](ctx, x.open, s.At, "be asked by requests")
	if err != nil {
		return false, "", err
	}
	method, path, _ := strings.Cut(s.Request, " ")
	a, refused := caller.Call(ctx, connector.Request{Method: method, Path: path, Params: s.Params, Body: record.Missing})
	if a == nil {
		return false, "", refused
	}
	yes, saw, err := s.so(a.Docs())
	if refused != nil && !yes {
		if fault.KindOf(refused) == fault.Denied {
			return false, saw, refused
		}
		return false, saw, nil
	}
	return yes, saw, err
}

// rows are those of the query, as of now.
func (x *prober) rows(ctx context.Context, s *WaitFor) ([]any, error) {
	source, err := connector.Capable[connector.RecordSource](ctx, x.open, s.At, "be asked by a query")
	if err != nil {
		return nil, err
	}
	args, err := unit.Frozen(s.Args)
	if err != nil {
		return nil, err
	}
	reader, err := source.ReadRecords(ctx, catalog.Query{SQL: s.Query, Args: args}, "")
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	rows, size := []any{}, int64(0)
	for {
		page, err := reader.Next(ctx)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		if size += page.Bytes; len(rows)+len(page.Records) > mostRows || size > mostBytes {
			return nil, fault.New(fault.Data, "wait.too-many", "the query gives more than %d rows, or %d KiB of them", mostRows, mostBytes>>10).
				Hint("let the query count: select count(*) as open from ...")
		}
		for _, r := range page.Records {
			rows = append(rows, row(page.Schema, r))
		}
	}
}

func row(schema *record.Schema, r record.Record) record.Object {
	doc := make(record.Object, len(r.Slots))
	for i, v := range r.Slots {
		if v != record.Missing {
			doc[schema.Fields[i].Name] = v
		}
	}
	return doc
}
