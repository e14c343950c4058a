// Package loads is what a ledger keeps for loads beside their journal and their
// chunks: what a run's lookups were when it was planned, what records said to
// rules over many of them, and which rules they fulfil that they broke before.
package loads

import (
	"context"
	"encoding/json"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/store"
)

// KeepLookup writes a table of values. It is there once for a run, however many
// units look up in it; one that is there already stays.
func KeepLookup(change store.Change, run int64, l catalog.Lookup) error {
	text, err := json.Marshal(l.Pairs)
	if err != nil {
		return err
	}
	return change(`INSERT INTO lookup (run, sum, entries, pairs) VALUES (?, ?, ?, ?) ON CONFLICT (run, sum) DO NOTHING`,
		run, l.Sum, len(l.Pairs), exception.Pack(text))
}

// Lookup reads the table of values of a hash.
func Lookup(ctx context.Context, db store.Reader, run int64, sum string) ([][2]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT pairs FROM lookup WHERE run = ? AND sum = ?`, run, sum)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return nil, err
		}
		return nil, fault.New(fault.Internal, "ledger.damaged", "the table of values %.12s is not there", sum)
	}
	var packed []byte
	if err := rows.Scan(&packed); err != nil {
		return nil, err
	}
	text, err := exception.Unpack(packed)
	if err != nil {
		return nil, err
	}
	var pairs [][2]string
	if err := json.Unmarshal(text, &pairs); err != nil {
		return nil, fault.New(fault.Data, "ledger.damaged", "the table of values %.12s cannot be read: %w", sum, err)
	}
	return pairs, rows.Err()
}
