package records

import (
	"bytes"
	"context"
	"fmt"
	"reflect"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/records/foreseen"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
)

// Writer writes records inside one open transaction of a session. Not safe for
// concurrent use; after an error it is of no more use, and neither is the
// transaction.
type Writer struct {
	conn *pgx.Conn
	met
	known   []met // that were written to before
	made    int   // stages made so far, for their names
	plpgsql bool
	english bool // messages are, so that values in them can be told
}

// met is what is known of targets.
type met struct {
	mode    string
	into    []connector.Into
	targets []target
	stages  []string // names of the temporary tables, by target

	refused  bool // the last page was
	foreseen []foreseen.Condition
}

func (m *met) of(mode string, into []connector.Into) bool {
	return m.targets != nil && m.mode == mode && reflect.DeepEqual(m.into, into)
}

// NewWriter makes a writer for the transaction that is open in a session.
func NewWriter(conn *pgx.Conn) *Writer { return &Writer{conn: conn} }

// Write is the connector.RecordLoad's WriteRecords. Refused records become
// Dead, and what they wrote is undone; nobody else's rows are touched.
func (w *Writer) Write(ctx context.Context, mode string, into []connector.Into, page []record.Mapped) ([]connector.Became, error) {
	if mode != connector.ModeAppend && mode != connector.ModeMerge {
		return nil, fault.New(fault.Config, "mode.not-built", "mode %q is not built for PostgreSQL", mode)
	}
	if err := w.meet(ctx, mode, into); err != nil {
		return nil, err
	}
	became := make([]connector.Became, len(page))
	for i := range page {
		if len(page[i].Rows) == 0 {
			became[i].Outcome = rowless(&page[i])
		}
	}
	if mode == connector.ModeMerge {
		return became, w.merge(ctx, page, became)
	}
	return became, w.append(ctx, page, became)
}

// rowless is the outcome of a record that has nothing to write.
func rowless(m *record.Mapped) record.Outcome {
	switch {
	case m.Reject:
		return record.Rejected
	case m.Filtered != "":
		return record.Filtered
	}
	return record.Equal
}

// meet learns about targets that no page went to before.
func (w *Writer) meet(ctx context.Context, mode string, into []connector.Into) error {
	if w.of(mode, into) {
		return nil
	}
	if w.targets != nil {
		w.known = append(w.known, w.met)
	}
	for i := range w.known {
		if w.known[i].of(mode, into) {
			w.met = w.known[i]
			w.known = append(w.known[:i], w.known[i+1:]...)
			return nil
		}
	}
	type can struct{ PLpgSQL, English bool }
	found, err := survey.List(ctx, w.conn, pgx.RowToStructByPos[can], `
		SELECT EXISTS (SELECT FROM pg_catalog.pg_language WHERE lanname = 'plpgsql' AND pg_catalog.has_language_privilege(oid, 'USAGE')),
			pg_catalog.lower(pg_catalog.current_setting('lc_messages')) ~ '^(|c|c\..*|posix|en.*)$'`)
	if err != nil {
		return err
	}
	w.plpgsql, w.english = found[0].PLpgSQL, found[0].English
	w.targets, err = targets(ctx, w.conn, mode, into)
	w.mode, w.into, w.stages = mode, into, nil
	return err
}

// A page's savepoint. Constraints that may wait do so until the page's end, so
// that records of a page may refer to each other, and no longer: a COMMIT must
// not fail for one record.
const (
	beginPage = "SAVEPOINT godwit_page; SET CONSTRAINTS ALL DEFERRED"
	undoPage  = "ROLLBACK TO SAVEPOINT godwit_page; RELEASE SAVEPOINT godwit_page"
	endPage   = "SET CONSTRAINTS ALL IMMEDIATE; RELEASE SAVEPOINT godwit_page"
)

// attempt runs f inside the page's savepoint. What the server refuses about
// records is undone and given; other errors are the transaction's end.
func (w *Writer) attempt(ctx context.Context, f func() error) (refused error, err error) {
	if _, err := run(ctx, w.conn, beginPage); err != nil {
		return nil, sqlstate.Translate(err)
	}
	err = f()
	if err == nil {
		_, err = run(ctx, w.conn, endPage)
	}
	if err == nil {
		return nil, nil
	}
	if !w.aboutRecords(err) {
		return nil, sqlstate.Translate(err)
	}
	_, undone := run(ctx, w.conn, undoPage)
	return err, sqlstate.Translate(undone)
}

// append copies the page as it is, and looks closer only when that is refused,
// or when the server took fewer rows than it was given: a trigger's doing.
func (w *Writer) append(ctx context.Context, page []record.Mapped, became []connector.Became) error {
	b, err := encode(w.targets, false, false, page, became, nil)
	if err != nil || len(b.live) == 0 {
		return err
	}
	if w.refused { // and so will be this one: one attempt less
		return w.isolate(ctx, page, became)
	}
	refused, err := w.attempt(ctx, func() error { return w.copyAll(ctx, b) })
	if err != nil {
		return err
	}
	if refused != nil {
		return w.isolate(ctx, page, became)
	}
	for _, i := range b.live {
		became[i] = connector.Became{Outcome: record.Applied, Rows: int64(len(page[i].Rows))}
	}
	return nil
}

// copyAll copies all parts into their targets.
func (w *Writer) copyAll(ctx context.Context, b *batch) error {
	for _, at := range b.inOrder() {
		p := b.parts[at]
		if p.rows == 0 {
			continue
		}
		rows, err := w.copyPart(ctx, b, p)
		if err != nil {
			return err
		}
		if rows != p.rows {
			return errFewer
		}
	}
	return nil
}

func (w *Writer) copyPart(ctx context.Context, b *batch, p part) (int64, error) {
	into := b.targets[p.target].Table.SQL()
	if len(p.present) == 0 { // COPY wants a column
		tag, err := run(ctx, w.conn, fmt.Sprintf("INSERT INTO %s SELECT FROM generate_series(1, %d)", into, p.rows))
		return tag.RowsAffected(), err
	}
	return w.copy(ctx, into+" ("+b.columns(p)+")", p.data)
}

func (w *Writer) copy(ctx context.Context, into string, data []byte) (int64, error) {
	tag, err := w.conn.PgConn().CopyFrom(ctx, bytes.NewReader(data), "COPY "+into+" FROM STDIN")
	return tag.RowsAffected(), err
}
