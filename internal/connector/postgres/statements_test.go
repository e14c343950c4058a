package postgres

import (
	"errors"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"
)

// TestUndoWaitsForTheStatement: a mark that is just being committed is found, one
// that is not there is not, and one that was taken is taken once.
func TestUndoWaitsForTheStatement(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	e := endpoint(t, url)
	k := markOf(1, 1)
	undo := func() (there bool) {
		t.Helper()
		tx, run, there, err := endpoint(t, url).BeginUndo(patient(t), k)
		if err != nil {
			t.Fatal(err)
		}
		if !there {
			return false
		}
		if _, err := run.RunStatement(patient(t), connector.Statement{SQL: "drop table made", Most: connector.Most{Rows: 1, Bytes: 1}}); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(tx.Commit(patient(t), nil), tx.Close()); err != nil {
			t.Fatal(err)
		}
		return true
	}
	if undo() {
		t.Error("without a mark table there is something to undo")
	}
	tx, run, err := e.BeginStatement(patient(t), []record.MarkKey{k})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.RunStatement(patient(t), connector.Statement{SQL: "create table made (x int)", Most: connector.Most{Rows: 1, Bytes: 1}}); err != nil {
		t.Fatal(err)
	}
	found := make(chan bool)
	go func() { found <- undo() }()
	eventually(t, func() bool {
		return pgtest.Query[bool](t, url, "select exists (select from pg_locks where not granted)")
	})
	if err := errors.Join(tx.Commit(patient(t), accountOf(k)), tx.Close()); err != nil {
		t.Fatal(err)
	}
	if !<-found {
		t.Error("what was just committed was not undone")
	}
	if pgtest.Query[bool](t, url, "select to_regclass('made') is not null") || undo() {
		t.Error("it was not undone once")
	}
}
