package doctor

import (
	"context"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// items looks whether the query of a for_each can be asked. It is not: its rows are
// those of when the step begins. One without a text is known only then. It gives the
// names of its columns.
func (x *examination) items(ctx context.Context, n unit.Needs) (columns []string) {
	if x.look(ctx, n.From, "source", catalog.Only(), nil) == nil {
		return nil
	}
	source, err := connector.Capable[connector.RecordSource](ctx, x.open, n.From, "be read record by record")
	if err == nil && n.Items.SQL != "" {
		var rows *catalog.Schema
		if rows, err = source.Describe(ctx, *n.Items); err == nil {
			for _, f := range rows.Fields {
				columns = append(columns, f.Name)
			}
		}
	}
	switch {
	case err == nil:
	case n.Unsure && fault.KindOf(err) == fault.Config:
		x.found.Findings = append(x.found.Findings, Finding{n.From, connector.Finding{Severity: connector.Warns, Code: fault.CodeOf(err),
			Text: err.Error() + "; a step before it may make that"}})
	default:
		x.refusedAt(n.Place, n.From, err)
	}
	return columns
}

// Misread adds what is wrong in the flow's files with what was found: each place of
// them by itself.
func (d *Diagnosis) Misread(wrong []error) {
	for _, err := range wrong {
		d.Findings = append(d.Findings, blocking("", err))
	}
	d.sort()
}

// Add adds what was found about a flow that a step calls, but for what is known.
// May says that data chooses the flow, so that what is wrong with it stops nothing.
func (d *Diagnosis) Add(of string, other *Diagnosis, may bool) {
	d.Took += other.Took
	for _, s := range other.Sides {
		if !slices.ContainsFunc(d.Sides, func(o Side) bool { return o.Name == s.Name && o.Role == s.Role }) {
			d.Sides = append(d.Sides, s)
		}
	}
	for _, f := range other.Findings {
		known := func(o Finding) bool {
			return o.Connection == f.Connection && o.Code == f.Code && o.Object == f.Object && (o.Text == f.Text || o.Text == of+": "+f.Text)
		}
		if slices.ContainsFunc(d.Findings, known) {
			continue
		}
		if f.Text = of + ": " + f.Text; may && f.Severity == connector.Blocks {
			f.Severity = connector.Warns
		}
		d.Findings = append(d.Findings, f)
	}
	d.sort()
}

// Called adds why a flow that a step calls cannot be run.
func (d *Diagnosis) Called(of string, err error, may bool) {
	f := blocking("", fault.Wrap(err, "%s", of))
	if may {
		f.Severity = connector.Warns
	}
	d.Findings = append(d.Findings, f)
	d.sort()
}
