package pipeline

import (
	"context"
	"maps"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/assembly"
)

// assemble freezes the parts of a load that reads its source.
func (s *LoadSpec) assemble(l *Load, key []string) error {
	if len(l.From.Parts) == 0 || l.Again != nil {
		return nil
	}
	if len(key) != 1 {
		return fault.New(fault.Config, "load.parts", "parts belong to records by a key of one column, this one has %d (%s)", len(key), strings.Join(key, ", ")).
			Hint("make one column of them in the query, and in those of the parts")
	}
	s.Parts = l.From.Queries(nil)
	return nil
}

// setAside has the connections of parts keep a session for them: a unit asks for
// parts while it holds the sessions that it reads and writes by.
func (s *LoadSpec) setAside(ctx context.Context, open connector.Opener) error {
	for _, p := range s.Parts {
		end, err := open.Open(ctx, p.From)
		if err != nil {
			return err
		}
		if spare, ok := end.(connector.Spare); ok {
			if err := spare.SetAside(ctx); err != nil {
				return fault.Wrap(err, "connection %s: part %s", p.From, p.Name)
			}
		}
	}
	return nil
}

// sources are the parts with what they are read from.
func (s *LoadSpec) sources(open connector.Opener, args map[string]any, l unit.Lease) []assembly.Part {
	var list []assembly.Part
	for _, p := range s.Parts {
		list = append(list, assembly.Part{
			Name: p.Name, By: p.By, One: p.One, Of: s.Schema.Fields[s.Schema.Index(p.Name)].Of,
			Read: func(ctx context.Context, ids []any) (connector.RecordReader, error) {
				source, err := connector.Capable[connector.RecordSource](ctx, open, p.From, "be read record by record")
				if err != nil {
					return nil, err
				}
				q := p.Query
				q.Args = map[string]any{unit.IDs: ids}
				maps.Copy(q.Args, args)
				return source.ReadRecords(connector.WithAside(ctx), q, l.Snapshot(p.From))
			},
		})
	}
	return list
}
