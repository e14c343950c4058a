package records

import (
	"cmp"
	"context"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/record"
)

// merge writes a staged page at once when no key stands twice in it and
// nothing is refused or left out, else record by record: then the later one counts.
func (w *Writer) merge(ctx context.Context, page []record.Mapped, became []connector.Became) error {
	b, err := encode(w.targets, true, true, page, became, nil)
	if err != nil || len(b.live) == 0 {
		return err
	}
	if err := w.stage(ctx, b); err != nil {
		return err
	}
	refused, err := w.attempt(ctx, func() error {
		if found, err := w.twice(ctx, b); err != nil || found {
			return cmp.Or(err, errTwice)
		}
		var all []string
		for _, s := range w.statements(b, everyone) {
			all = append(all, s.sql)
		}
		tag, err := run(ctx, w.conn, strings.Join(append(all, w.complete()), ";\n"))
		if err == nil && tag.RowsAffected() > 0 {
			err = errFewer
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case refused != nil:
		return w.oneByOne(ctx, b, page, refused != errTwice)
	}
	return w.collect(ctx, b, page)
}

// twice reports whether two staged rows have the same key, as the server
// compares them.
func (w *Writer) twice(ctx context.Context, b *batch) (bool, error) {
	var parts []string
	for i := range b.targets {
		parts = append(parts, "EXISTS ("+w.same(b, i, "")+")")
	}
	results, err := w.conn.PgConn().Exec(ctx, "SELECT "+strings.Join(parts, " OR ")).ReadAll()
	if err != nil || len(results) != 1 || len(results[0].Rows) != 1 {
		return false, err
	}
	return string(results[0].Rows[0][0]) == "t", nil
}
