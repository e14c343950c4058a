// Package warehouse fills a database with the warehouse that tests, demo and
// bench move: public data, each set in a schema of its own, and generated
// schemas that hold what makes a move hard. Both may be in one database.
package warehouse

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/jackc/pgx/v5"
)

//go:embed sql/*.sql
var texts embed.FS

// Size says how much Generate makes. The schemas are the same in all sizes.
type Size struct {
	Parties   int // rows of one department's party table; most other tables have a small multiple
	Events    int // rows of big.event, the table that holds most of the bytes
	Documents int // rows of docs.document, some 3 KB each
	Blob      int // bytes of the smallest value in docs.blob; the largest is eight times that
}

// The sizes: Tiny for tests, Small for faults and floors, Demo for people.
var (
	Tiny  = Size{Parties: 20, Events: 2_000, Documents: 50, Blob: 1 << 10}
	Small = Size{Parties: 450, Events: 330_000, Documents: 4_000, Blob: 128 << 10}
	Demo  = Size{Parties: 1_000, Events: 540_000, Documents: 9_000, Blob: 256 << 10}
)

// Generate makes 63 schemas and fills them, always with the same bytes for one
// size. It needs a superuser and makes the roles it names. An error names the
// file and leaves behind what the files before it made, so a second call on the
// same database fails.
func Generate(ctx context.Context, url string, size Size) error {
	if err := Roles(ctx, url); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("generate warehouse: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := size.set(ctx, conn); err != nil {
		return fmt.Errorf("generate warehouse: %w", err)
	}
	files, err := fs.Glob(texts, "sql/[0-9]*.sql")
	if err != nil {
		return fmt.Errorf("generate warehouse: %w", err)
	}
	for _, file := range files {
		if err := runFile(ctx, conn, file); err != nil {
			return fmt.Errorf("generate warehouse: %w", err)
		}
	}
	if _, err := conn.Exec(ctx, "analyze"); err != nil {
		return fmt.Errorf("generate warehouse: analyze: %w", err)
	}
	return nil
}

// Roles makes the roles that the warehouse names (postgres, warehouse_owner,
// warehouse_reader and one with quotes), without login, where they are missing:
// what an administrator does on the new server before a move. May be called
// again, also by several at once.
func Roles(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("make the warehouse's roles: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := runFile(ctx, conn, "sql/roles.sql"); err != nil {
		return fmt.Errorf("make the warehouse's roles: %w", err)
	}
	return nil
}

// set hands the size to the SQL as settings of the session.
func (s Size) set(ctx context.Context, conn *pgx.Conn) error {
	for name, value := range map[string]int{"parties": s.Parties, "events": s.Events, "documents": s.Documents, "blob": s.Blob} {
		if _, err := conn.Exec(ctx, "select set_config('rig.' || $1, $2, false)", name, strconv.Itoa(value)); err != nil {
			return err
		}
	}
	return nil
}

// runFile runs one of the embedded files as one transaction.
func runFile(ctx context.Context, conn *pgx.Conn, file string) error {
	text, err := texts.ReadFile(file)
	if err != nil {
		return err
	}
	if _, err := conn.PgConn().Exec(ctx, string(text)).ReadAll(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
