package connector

import (
	"context"
	"encoding/json"

	"godwit/internal/record"
)

// Statement is one that people wrote, with the values of its :names.
type Statement struct {
	SQL  string
	Args map[string]any // as records hold them
	Most Most
}

// Most bounds the rows that a statement may give.
type Most struct{ Rows, Bytes int }

// Ran is what a statement came to.
type Ran struct {
	Rows  []json.RawMessage `json:"rows"`  // it gave, each a JSON object by the names of the columns
	Count int64             `json:"count"` // rows, as the server counts what it gave or changed
}

// StatementRunner is the part of a Transaction that runs one.
type StatementRunner interface {
	// RunStatement runs it as the role would by itself: with its search_path,
	// triggers and foreign keys. Faults, of kind config: query.invalid (what the
	// server, or the search for :names, does not understand), statement.control (it
	// cannot run in one, or ended it); of kind data: statement.too-many-rows.
	RunStatement(ctx context.Context, s Statement) (Ran, error)
}

// StatementTarget is a Writer that runs statements of people.
type StatementTarget interface {
	Writer
	// BeginStatement is Begin for a transaction that runs one, and may write where
	// a database is read-only by default: the mark has to be written there.
	BeginStatement(ctx context.Context, marks []record.MarkKey) (Transaction, StatementRunner, error)
	// BeginUndo opens a transaction that takes a statement's mark away, to run in
	// it what takes back what that one did. False, and no transaction, when the
	// mark is not there; a session that is just writing it is waited for.
	BeginUndo(ctx context.Context, mark record.MarkKey) (Transaction, StatementRunner, bool, error)
	// RunUnmarked runs one outside of a transaction and without a mark: whether
	// it ran cannot be known after a crash.
	RunUnmarked(ctx context.Context, s Statement) (Ran, error)
}
