package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"godwit/internal/fault"
)

// sqliteVersions are the statements that make each version of one before, by number.
//
//go:embed sqlite/*.sql
var sqliteVersions embed.FS

// sqliteID marks a file as a ledger: "gdwt" in SQLite's application_id
// (https://www.sqlite.org/pragma.html#pragma_application_id).
const sqliteID = 0x67647774

func sqliteDialect() dialect {
	return dialect{
		name:       "SQLite",
		migrations: versions(),
		open:       openSQLite,
		version:    "PRAGMA user_version",
		setVersion: func(n int) string { return fmt.Sprintf("PRAGMA user_version = %d", n) },
		begin:      "BEGIN IMMEDIATE",
		busy:       sqliteBusy,
		fault:      sqliteFault,
		sound:      "PRAGMA quick_check(10)",
	}
}

// versions are the texts of sqliteVersions in order. The first also marks the file.
func versions() []string {
	files, err := sqliteVersions.ReadDir("sqlite")
	if err != nil {
		panic("embedded: " + err.Error())
	}
	texts := make([]string, len(files))
	for i, f := range files { // 0001.sql, 0002.sql ...
		text, err := sqliteVersions.ReadFile("sqlite/" + f.Name())
		if err != nil || f.Name() != fmt.Sprintf("%04d.sql", i+1) {
			panic(fmt.Sprintf("embedded: %s is not version %d: %v", f.Name(), i+1, err))
		}
		texts[i] = string(text)
	}
	texts[0] = fmt.Sprintf("PRAGMA application_id = %d;\n", sqliteID) + texts[0]
	return texts
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
	// Pages that are written again and again are moved to the file once in 16 MiB of
	// the log, and those at work stay in 8 MiB of memory: records are noted by key, in
	// a window that moves.
	for _, pragma := range []string{"PRAGMA journal_mode = wal", "PRAGMA busy_timeout = 0", "PRAGMA wal_autocheckpoint = 4000", "PRAGMA cache_size = -8000"} {
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
