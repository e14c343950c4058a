package records

import (
	"context"
	"errors"
	"regexp"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5/pgconn"
)

// Why a page is written record by record, where the server did not refuse it.
var (
	errFewer = errors.New("fewer rows were taken than sent")
	errTwice = errors.New("a key stands twice in the page")
	errTried = errors.New("it was only tried")
)

// twice is the state of a command that would write a row a second time: two
// rows of one key, which is a matter of the records too.
const twice = "21000"

// aboutRecords tells what the server refuses about values from everything else.
func (w *Writer) aboutRecords(err error) bool {
	if err == errFewer || err == errTwice || err == errTried {
		return true
	}
	state := sqlstate.Of(err)
	return state == twice || state == notTaken || AboutRecords(sqlstate.KindsOf(w.conn), err)
}

// AboutRecords tells what the server refuses about values of rows from
// everything else, by the kinds that errors have on the connection.
func AboutRecords(kinds sqlstate.Kinds, err error) bool {
	state := sqlstate.Of(err)
	return state != "" && state[:2] != "XX" && kinds.Kind(err) == fault.Data
}

// others is what PL/pgSQL catches of the errors of a record. A statement that is
// cancelled is none of OTHERS; on this connection it may be a matter of its record.
func (w *Writer) others() string {
	if AboutRecords(sqlstate.KindsOf(w.conn), &pgconn.PgError{Code: "57014"}) {
		return "QUERY_CANCELED OR OTHERS"
	}
	return "OTHERS"
}

// refusal says why a record was refused, without its values.
func (w *Writer) refusal(e *pgconn.PgError) *record.Refusal {
	if e.Code == twice {
		return &record.Refusal{Code: "data.unique", Text: "two rows of the record have the same key", State: twice}
	}
	if e.Code == notTaken {
		return w.untaken()
	}
	r := Refusal(e, w.english)
	if r.Field == "" && e.ConstraintName != "" {
		for _, t := range w.targets {
			if c := t.columnsOf[e.ConstraintName]; len(c) == 1 && t.Table.Object == e.TableName {
				r.Field = c[0]
			}
		}
	}
	return r
}

// Refusal says why rows were refused, without their values; english tells that
// the server's messages are.
func Refusal(e *pgconn.PgError, english bool) *record.Refusal {
	e.Severity, e.SeverityUnlocalized = "ERROR", "ERROR"
	if !english {
		e.Severity = "" // of a message in another language nothing is shown
	}
	f := fault.Of(sqlstate.Translate(e))
	r := &record.Refusal{Code: f.Code, Field: e.ColumnName, Text: f.Text, Where: e.ConstraintName, State: e.Code}
	if r.Where == "" && e.TableName != "" {
		r.Where = catalog.Name{Schema: e.SchemaName, Object: e.TableName}.String()
	}
	for _, line := range f.Lines {
		if line.Label == "key" && r.Field == "" {
			r.Field = line.Text
		}
	}
	return r
}

// located is how many records of a page are looked at one by one for the
// column that a value was refused in.
const located = 100

var copyColumn = regexp.MustCompile(`(?m)^COPY (.+), line \d+, column ([^:\n]+)`)

// locate finds columns that the server did not name: of values that a type
// does not take it does so only in a COPY. Each is tried again, and undone.
func (w *Writer) locate(ctx context.Context, page []record.Mapped, became []connector.Became, records []int) error {
	tried := 0
	for _, i := range records {
		r := became[i].Refusal
		if r == nil {
			continue
		}
		if r.Field == "" && r.State != "" && r.State[:2] == "22" && tried < located {
			tried++
			if err := w.again(ctx, page, i, r); err != nil {
				return err
			}
		}
		r.Value = w.valueOf(&page[i], r)
	}
	return nil
}

func (w *Writer) again(ctx context.Context, page []record.Mapped, i int, r *record.Refusal) error {
	b, err := encode(w.targets, false, false, page, make([]connector.Became, len(page)), []int{i})
	if err != nil {
		return err
	}
	refused, err := w.attempt(ctx, func() error {
		if err := w.copyAll(ctx, b); err != nil {
			return err
		}
		return errTried
	})
	var e *pgconn.PgError
	if err == nil && errors.As(refused, &e) && e.Code == r.State {
		if m := copyColumn.FindStringSubmatch(e.Where); m != nil {
			r.Field = m[2]
			for _, t := range w.targets {
				if t.Table.Object == m[1] {
					r.Where = t.Table.String()
				}
			}
		}
	}
	return err
}

// valueOf is the value in the field that was refused, when it is one column of
// one row.
func (w *Writer) valueOf(m *record.Mapped, r *record.Refusal) string {
	found, times := "", 0
	for _, row := range m.Rows {
		if i := slices.Index(w.targets[row.Into].Columns, r.Field); i >= 0 {
			found, times = record.Show(row.Slots[i], false), times+1
		}
	}
	if times != 1 {
		return ""
	}
	return found
}
