package keyset

import (
	"database/sql"
	"errors"
	"io"
)

// Scan gives rows of database/sql, values as the driver gives them. Fault names
// the driver's errors. Close ends them, then what is given (nil is nothing).
func Scan(r *sql.Rows, fault func(error) error, end io.Closer) (Rows, error) {
	s := &scan{rows: r, fault: fault, end: end}
	names, err := r.Columns()
	if err != nil {
		return nil, errors.Join(fault(err), s.Close())
	}
	s.n = len(names)
	return s, nil
}

// First is the one row that an answer is expected to have, nil when it has none.
// It closes the rows.
func First(r Rows, err error) ([]any, error) {
	if err != nil {
		return nil, err
	}
	defer r.Close()
	slots, _, err := r.Next()
	return slots, UnlessEnd(err)
}

// UnlessEnd is an error but for io.EOF, which is the end of rows and none.
func UnlessEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

type scan struct {
	rows  *sql.Rows
	fault func(error) error
	end   io.Closer
	n     int
	into  []any
}

// Close is the Rows': what the server still sends is read and dropped.
func (r *scan) Close() error {
	err := r.rows.Close()
	if r.end != nil {
		err = errors.Join(err, r.end.Close())
	}
	return err
}

// Next is the Rows'.
func (r *scan) Next() ([]any, int, error) {
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return nil, 0, r.fault(err)
		}
		return nil, 0, io.EOF
	}
	slots := make([]any, r.n)
	r.into = r.into[:0]
	for i := range slots {
		r.into = append(r.into, &slots[i])
	}
	if err := r.rows.Scan(r.into...); err != nil {
		return nil, 0, r.fault(err)
	}
	size := 0
	for _, v := range slots {
		switch v := v.(type) {
		case nil:
		case string:
			size += len(v)
		case []byte:
			size += len(v)
		default:
			size += 8
		}
	}
	return slots, size, nil
}
