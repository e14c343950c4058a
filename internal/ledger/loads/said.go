package loads

import (
	"context"

	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/store"
)

// Chunk is a chunk of a load whose records said something to rules over many.
type Chunk struct {
	Run    int64
	Unit   string
	N      int
	Origin int64 // run whose records they are
	Step   string
}

// Say writes what the records of a chunk said, by the names of rules, instead of
// what was written for it before.
func Say(change store.Change, c Chunk, said map[string][]byte) error {
	if err := change(`DELETE FROM said WHERE run = ? AND unit = ? AND n = ?`, c.Run, c.Unit, c.N); err != nil {
		return err
	}
	for rule, text := range said {
		err := change(`INSERT INTO said (run, unit, n, rule, origin, step, data) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			c.Run, c.Unit, c.N, rule, c.Origin, c.Step, exception.Pack(text))
		if err != nil {
			return err
		}
	}
	return nil
}

// Said reads what was said to a rule about records of a run, by chunks that are
// prepared or settled, in their order.
func Said(ctx context.Context, db store.Reader, origin int64, step, rule string, do func(run int64, said []byte) error) error {
	rows, err := db.QueryContext(ctx, `SELECT s.run, s.data FROM said s JOIN chunk c ON c.run = s.run AND c.unit = s.unit AND c.n = s.n
		WHERE s.origin = ? AND s.step = ? AND s.rule = ? AND c.state <> 'dropped' ORDER BY s.run, s.unit, s.n`, origin, step, rule)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var run int64
		var packed []byte
		if err := rows.Scan(&run, &packed); err != nil {
			return err
		}
		text, err := exception.Unpack(packed)
		if err != nil {
			return err
		}
		if err := do(run, text); err != nil {
			return err
		}
	}
	return rows.Err()
}
