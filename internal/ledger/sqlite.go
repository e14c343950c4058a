package ledger

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"godwit/internal/fault"
)

var (
	//go:embed sqlite/0001.sql
	sqlite1 string
	//go:embed sqlite/0002.sql
	sqlite2 string
	//go:embed sqlite/0003.sql
	sqlite3rd string
	//go:embed sqlite/0004.sql
	sqlite4th string
	//go:embed sqlite/0005.sql
	sqlite5th string
	//go:embed sqlite/0006.sql
	sqlite6th string
	//go:embed sqlite/0007.sql
	sqlite7th string
	//go:embed sqlite/0008.sql
	sqlite8th string
	//go:embed sqlite/0009.sql
	sqlite9th string
)

// sqliteID marks a file as a ledger: "gdwt" in SQLite's application_id
// (https://www.sqlite.org/pragma.html#pragma_application_id).
const sqliteID = 0x67647774

func sqliteDialect() dialect {
	return dialect{
		name:       "SQLite",
		migrations: []string{fmt.Sprintf("PRAGMA application_id = %d;\n", sqliteID) + sqlite1, sqlite2, sqlite3rd, sqlite4th, sqlite5th, sqlite6th, sqlite7th, sqlite8th, sqlite9th},
		open:       openSQLite,
		version:    "PRAGMA user_version",
		setVersion: func(n int) string { return fmt.Sprintf("PRAGMA user_version = %d", n) },
		begin:      "BEGIN IMMEDIATE",
		busy:       sqliteBusy,
		fault:      sqliteFault,
		sound:      "PRAGMA quick_check(10)",
	}
}

// openSQLite opens the file in WAL mode. The writer does not wait inside
// SQLite: its busy handler sleeps up to 100 ms, and beside a busy writer it
// starves; see Ledger.begin.
func openSQLite(ctx context.Context, path string) (opened, error) {
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)"
	var o opened
	var err error
	if o.writers, err = sql.Open("sqlite", name+"&_pragma=synchronous(full)"); err != nil {
		return o, err
	}
	err = patiently(sqliteBusy, func() (err error) {
		o.writer, err = o.writers.Conn(ctx)
		return err
	})
	if err != nil {
		return o, errors.Join(err, o.writers.Close())
	}
	// Many that open one new file stand in each other's way, and SQLite does
	// not wait where that might be a deadlock.
	if err = patiently(sqliteBusy, func() error { return settleSQLite(ctx, o.writer) }); err == nil {
		o.readers, err = sql.Open("sqlite", name+"&_pragma=query_only(1)")
	}
	if err != nil {
		return o, errors.Join(err, o.writer.Close(), o.writers.Close())
	}
	o.readers.SetMaxOpenConns(4)
	return o, nil
}

func settleSQLite(ctx context.Context, w *sql.Conn) error {
	var id, version, tables int
	err := w.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)`).Scan(&id, &version, &tables)
	if err != nil {
		return err
	}
	if id != sqliteID && (id != 0 || version != 0 || tables != 0) {
		return errForeign
	}
	for _, pragma := range []string{"PRAGMA journal_mode = wal", "PRAGMA busy_timeout = 0"} {
		if _, err := w.ExecContext(ctx, pragma); err != nil {
			return err
		}
	}
	return nil
}

var errForeign = errors.New("the file is another program's database")

func sqliteBusy(err error) bool { return sqliteCode(err)&0xff == sqlite3.SQLITE_BUSY }

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// sqliteFault sorts result codes (https://www.sqlite.org/rescode.html).
func sqliteFault(path string, err error) error {
	if errors.Is(err, errForeign) {
		return fault.New(fault.Config, "ledger.foreign", "ledger %s: %w", path, err).
			Hint("name another file with --ledger")
	}
	switch code := sqliteCode(err); code & 0xff {
	case 0:
		return fault.Wrap(err, "ledger %s", path)
	case sqlite3.SQLITE_FULL:
		return fullDisk(path, err)
	case sqlite3.SQLITE_IOERR:
		switch code {
		case sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC,
			sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR_SHMSIZE:
			return fullDisk(path, err)
		}
		return fault.New(fault.Unavailable, "ledger.disk", "ledger %s: %w", path, err).
			Hint("look after the disk of %s, then run the same command again", path)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fault.New(fault.Data, "ledger.damaged", "ledger %s is damaged: %w", path, err).
			Hint("keep %s and its -wal file, put back a copy of both, or begin another ledger with --ledger", path)
	case sqlite3.SQLITE_BUSY:
		return fault.New(fault.Unavailable, "ledger.busy", "ledger %s: another process keeps it locked: %w", path, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fault.New(fault.Config, "ledger.denied", "ledger %s cannot be written: %w", path, err).
			Hint("make %s and its folder writable, or name another file with --ledger", path)
	}
	return fault.New(fault.Internal, "ledger.error", "ledger %s: %w", path, err)
}

func fullDisk(path string, err error) error {
	return fault.New(fault.Unavailable, "disk.ledger", "ledger %s: its disk takes no more: %w", path, err).
		Hint("make room on the disk of %s, then run the same command again: it goes on where it stopped", path)
}
