package isolate

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strconv"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/records"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// How many rows are tried at once: as many as that while nothing is refused,
// and few behind a refused one, since bad rows stand together.
const (
	pageRows  = 10_000
	pageBytes = 4 << 20
	carefully = 64
)

// largeRow is from where on a row is passed through and not held in memory:
// refused, it cannot be given back.
const largeRow = 16 << 20

// writer writes one chunk's rows. Each attempt is a COPY in a savepoint.
type writer struct {
	conn    *pgx.Conn
	sql     string // the COPY
	binary  bool
	english bool // messages are, so that values in them can be told
	columns *columns
	tell    func(record.Refusal, int) error // of each refused row

	size    int // rows of the next attempt
	taken   int64
	refused []refusal
}

// refusal is a refused row as it came.
type refusal struct {
	row []byte
	why record.Refusal
}

// Copy is the connector.Isolator's CopyInGood in the transaction that is open
// in a session; sql is the chunk's COPY. After an error the transaction is of
// no more use.
func Copy(ctx context.Context, conn *pgx.Conn, c catalog.Chunk, sql string, r io.Reader, tell func(record.Refusal, int) error) (connector.Isolated, error) {
	w := &writer{conn: conn, sql: sql, binary: c.Format == catalog.Binary, tell: tell, size: pageRows}
	var err error
	if w.columns, w.english, err = look(ctx, conn, c); err != nil {
		return connector.Isolated{}, err
	}
	// What may wait is decided with its rows: a COMMIT must not fail for one.
	if err := w.exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE; "+begin); err != nil {
		return connector.Isolated{}, err
	}
	if err := w.all(ctx, &stream{in: bufio.NewReaderSize(r, 256<<10), binary: w.binary}); err != nil {
		return connector.Isolated{}, err
	}
	if err := w.exec(ctx, done); err != nil {
		return connector.Isolated{}, err
	}
	out := connector.Isolated{Rows: w.taken, Schema: w.columns.schema()}
	out.Refused, err = w.decode(ctx)
	return out, err
}

const (
	begin = "SAVEPOINT godwit_rows"
	done  = "RELEASE SAVEPOINT godwit_rows"
	undo  = "ROLLBACK TO SAVEPOINT godwit_rows"
)

// all writes the stream page by page.
func (w *writer) all(ctx context.Context, s *stream) error {
	var p page
	for {
		size, err := s.next()
		if err != nil && err != io.EOF {
			return err
		}
		over := err == io.EOF
		large := !over && size > largeRow
		if p.rows() > 0 && (over || large || p.rows() == pageRows || int64(len(p.data))+size > pageBytes) {
			if err := w.write(ctx, &p); err != nil {
				return err
			}
			p.reset()
		}
		switch {
		case over:
			return nil
		case large:
			err = w.through(ctx, io.LimitReader(s.in, size), size)
		default:
			err = p.add(s.in, size)
		}
		if err != nil {
			return err
		}
	}
}

// write copies the rows of a page in their order. A row is refused only alone,
// when all before it were decided.
func (w *writer) write(ctx context.Context, p *page) error {
	suspect := -1 // the row that the server named
	for at := 0; at < p.rows(); {
		n := min(w.size, p.rows()-at)
		switch {
		case suspect == at:
			n = 1
		case suspect > at:
			n = min(n, suspect-at)
		}
		refused, err := w.try(ctx, bytes.NewReader(p.cut(at, at+n)))
		switch {
		case err != nil:
			return err
		case refused == nil:
			at += n
			w.size = min(2*w.size, pageRows)
		case n == 1:
			if err := w.refuse(p.cut(at, at+1), refused); err != nil {
				return err
			}
			at++
			w.size = carefully
		default:
			w.size = n / 2
			if line := lineOf(refused); line > 0 && line <= n {
				suspect, w.size = at+line-1, n
			}
		}
	}
	return nil
}

// through writes one row that is too large to be held.
func (w *writer) through(ctx context.Context, row io.Reader, size int64) error {
	refused, err := w.try(ctx, row)
	if err != nil || refused == nil {
		return err
	}
	r := w.columns.refusal(refused, w.english)
	return fault.New(fault.Data, "records.too-large", "a row of %d MiB is refused (%s), and is too large to be put away", size>>20, r.Text)
}

// try copies rows and undoes them when the server refuses one for what it holds.
func (w *writer) try(ctx context.Context, rows io.Reader) (refused *pgconn.PgError, err error) {
	if w.binary {
		rows = io.MultiReader(bytes.NewReader(binaryHeader), rows, bytes.NewReader(binaryTrailer))
	}
	tag, err := w.conn.PgConn().CopyFrom(ctx, rows, w.sql)
	if err == nil {
		w.taken += tag.RowsAffected()
		return nil, w.exec(ctx, done+"; "+begin)
	}
	if !errors.As(err, &refused) || !w.aboutRow(refused) {
		return nil, err
	}
	return refused, w.exec(ctx, undo)
}

func (w *writer) refuse(row []byte, e *pgconn.PgError) error {
	r := refusal{bytes.Clone(row), *w.columns.refusal(e, w.english)}
	w.refused = append(w.refused, r)
	return w.tell(r.why, len(row))
}

func (w *writer) exec(ctx context.Context, sql string) error {
	_, err := w.conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// aboutRow tells what the server refuses about a row's values. A foreign key is
// none of it: what the row refers to may be on its way. Neither is a stream
// that it cannot read.
func (w *writer) aboutRow(e *pgconn.PgError) bool {
	switch e.Code {
	case "23503", "22P04", "":
		return false
	}
	return records.AboutRecords(sqlstate.KindsOf(w.conn), e)
}

// The place that a COPY tells of, in English.
var copyLine = regexp.MustCompile(`(?m)^COPY .+, line (\d+)`)

// lineOf is the row, from 1, at which a COPY was refused, 0 when that is not
// told: by a constraint that is checked behind all rows, in another language.
func lineOf(e *pgconn.PgError) int {
	m := copyLine.FindStringSubmatch(e.Where)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}
