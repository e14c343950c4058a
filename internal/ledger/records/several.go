package records

import (
	"bytes"
	"database/sql"
	"strings"

	"godwit/internal/record"
)

// several finds keys that stand for records of several steps of a run, such as those
// of two items of a loop: which of them is referred to, nobody can tell.
type several struct {
	tx    Tx
	chunk Chunk
	other map[int64]bool // chunks of other steps of the run
}

// kept is what is kept of a record of whose key something else was kept before.
func (s several) kept(now []byte, was row) ([]byte, error) {
	if now == nil || was.kept == nil || bytes.Equal(short(now), was.kept) {
		return now, nil
	}
	if stub(was.kept) {
		return s.inPlace(now, was)
	}
	if _, asked := s.other[was.chunk]; !asked {
		list, err := scan(s.tx.Query, func(r *sql.Rows, c *Chunk) error { return r.Scan(&c.Run, &c.Unit) },
			`SELECT run, unit FROM recorded WHERE id = ?`, was.chunk)
		if err != nil {
			return nil, err
		}
		s.other[was.chunk] = len(list) == 1 && list[0].Run == s.chunk.Run && list[0].step() != s.chunk.step()
	}
	if !s.other[was.chunk] {
		return now, nil
	}
	mine, err := record.ReadKept(now)
	if err != nil {
		return nil, err
	}
	theirs, err := record.ReadKept(long(was.kept))
	if err != nil {
		return nil, err
	}
	return mine.Beside(theirs).Bytes()
}

// step is what the unit's name begins with.
func (c Chunk) step() string { return c.Unit[:max(0, strings.IndexByte(c.Unit, '/'))] }
