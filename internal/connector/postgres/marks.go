package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/internal/connector/postgres/marktable"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
)

// missing are the states of a schema or table that is not there.
func missing(err error) bool {
	state := sqlstate.Of(err)
	return state == "42P01" || state == "3F000"
}

// Marks is the connector.Writer's.
func (e *Endpoint) Marks(ctx context.Context, run string) ([]record.Mark, error) {
	s, err := e.session(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "read marks of %s", e.name)
	}
	defer s.close()
	marks, err := e.readMarks(ctx, s, run)
	for range mostDrops {
		if !missing(err) {
			break
		}
		marks, err = e.readMarks(ctx, s, run) // a table was taken away between look and read
	}
	return marks, fault.Wrap(err, "read marks of %s", e.name)
}

func (e *Endpoint) readMarks(ctx context.Context, s *session, run string) ([]record.Mark, error) {
	e.dropping.RLock() // what is read is there until it is remembered
	defer e.dropping.RUnlock()
	tables, err := s.findMarks(ctx)
	if err != nil || len(tables) == 0 {
		return nil, err
	}
	type row struct {
		Run, Unit                  string
		Chunk, Generation, Attempt int
		Read, Applied, Bytes       int64
		Hash                       []byte
		At                         time.Time
		Unlogged                   bool
	}
	var parts []string
	for _, table := range tables {
		parts = append(parts, fmt.Sprintf(`
			SELECT replace(run::text, '-', ''), unit, chunk, generation, attempt,
			       coalesce(n_read, 0), coalesce(n_applied, 0), coalesce(bytes, 0), hash, at, %t
			FROM %s WHERE run = $1::text::uuid`, table == marktable.Names[1], table))
	}
	rows, err := list(ctx, s, pgx.RowToStructByPos[row], strings.Join(parts, " UNION ALL ")+" ORDER BY unit, chunk", run)
	if err != nil {
		return nil, err
	}
	marks := make([]record.Mark, len(rows))
	for i, r := range rows {
		marks[i] = record.Mark{
			MarkKey: record.MarkKey{Run: r.Run, Unit: r.Unit, Chunk: r.Chunk, Generation: r.Generation, Attempt: r.Attempt, Unlogged: r.Unlogged},
			Read:    r.Read, Applied: r.Applied, Bytes: r.Bytes, Hash: r.Hash, At: r.At,
		}
		e.trust.marked(r.Run, r.Unit)
	}
	return marks, nil
}

// findMarks gives the mark tables that are there. A server in recovery is not
// asked: its marks may be those of a timeline that will be left.
func (s *session) findMarks(ctx context.Context) ([]string, error) {
	type place struct{ Standby, Logged, Unlogged bool }
	p, err := one(ctx, s, pgx.RowToStructByPos[place], `SELECT pg_is_in_recovery(),
		to_regclass('`+marktable.Names[0]+`') IS NOT NULL, to_regclass('`+marktable.Names[1]+`') IS NOT NULL`)
	if err == nil && p.Standby {
		err = fault.New(fault.Unavailable, "server.read-only", "the server is in recovery")
	}
	var found []string
	for i, there := range []bool{p.Logged, p.Unlogged} {
		if there {
			found = append(found, marktable.Names[i])
		}
	}
	return found, err
}

// DropMarks is the connector.Writer's. A table that others use, or that is not
// ours to drop, stays; the schema goes when nothing else is in it.
func (e *Endpoint) DropMarks(ctx context.Context, run, step string, held func(context.Context) error) error {
	err := e.dropMarks(ctx, run, step, held)
	for range mostDrops {
		if !missing(err) {
			break
		}
		// Another run took the table away while this one waited for the lock.
		err = e.dropMarks(ctx, run, step, held)
	}
	return fault.Wrap(err, "drop marks of %s", e.name)
}

func (e *Endpoint) dropMarks(ctx context.Context, run, step string, held func(context.Context) error) error {
	s, err := e.trusted(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	e.dropping.Lock() // once there is a session: to get one it may have to be waited for those who read marks
	defer e.dropping.Unlock()
	if err = s.dropMarks(ctx, run, step, held); err == nil {
		e.trust.unmark(run, step)
	}
	return err
}

// lockPatience is how long taking the mark table away waits for what others
// have there: a load of another run, the server's own vacuum, a session of a
// killed owner that is just ending.
const lockPatience = "3s"

func (s *session) dropMarks(ctx context.Context, run, step string, held func(context.Context) error) error {
	if err := s.writable(ctx); err != nil {
		return err
	}
	if err := s.exec(ctx, "BEGIN; "+holdRun(run)+"; "+marktable.Lock+"; SET LOCAL lock_timeout = '"+lockPatience+"'"); err != nil {
		return err
	}
	defer s.rollback() // after COMMIT nothing is left to roll back
	if held != nil {
		if err := held(ctx); err != nil {
			return err
		}
	}
	tables, err := s.findMarks(ctx)
	if err != nil || len(tables) == 0 {
		return err
	}
	var drops []string
	for _, table := range tables {
		sql := "DELETE FROM " + table + " WHERE run = " + literal(run) + "::uuid"
		if step != "" {
			sql += " AND starts_with(unit, " + literal(step+"/") + ")"
		}
		if err := s.exec(ctx, sql); err != nil {
			return err
		}
		drops = append(drops, fmt.Sprintf("SAVEPOINT drop_marks; LOCK TABLE %[1]s IN ACCESS EXCLUSIVE MODE; "+
			"SELECT 1 / (NOT EXISTS (SELECT FROM %[1]s))::int; DROP TABLE %[1]s", table))
	}
	for _, sql := range append(drops, "SAVEPOINT drop_marks; DROP SCHEMA godwit") {
		err := s.attempt(ctx, sql)
		if err == nil {
			continue
		}
		// In use, not empty, not ours, or holding other objects: it stays.
		if err := s.tolerate(err, "55P03", "22012", "42501", "2BP01"); err != nil {
			return err
		}
		if err := s.exec(ctx, "ROLLBACK TO drop_marks"); err != nil {
			return err
		}
		break
	}
	return s.exec(ctx, "COMMIT")
}

// insertMarks writes the marks; one that is there refuses, unless it is of an
// earlier generation and may be written over. A mark that another session is
// just writing makes it wait: what that one commits is seen then.
func (s *session) insertMarks(ctx context.Context, marks []record.MarkKey) error {
	var runs, units []string
	var chunks, generations, attempts []int32
	for _, m := range marks {
		runs, units = append(runs, m.Run), append(units, m.Unit)
		chunks = append(chunks, int32(m.Chunk))
		generations, attempts = append(generations, int32(m.Generation)), append(attempts, int32(m.Attempt))
	}
	table, err := marktable.Of(marks)
	if err != nil {
		return err
	}
	tag, err := s.conn.Exec(ctx, `
		INSERT INTO `+table+` AS m (run, unit, chunk, generation, attempt)
		SELECT run::uuid, unit, chunk, generation, attempt
		FROM unnest($1::text[], $2::text[], $3::int4[], $4::int4[], $5::int4[]) AS n(run, unit, chunk, generation, attempt)
		ON CONFLICT (run, unit, chunk) DO UPDATE SET
			(generation, attempt, n_read, n_applied, bytes, hash, at) =
			(excluded.generation, excluded.attempt, NULL, NULL, NULL, NULL, clock_timestamp())
		WHERE $6 AND m.generation < excluded.generation`, runs, units, chunks, generations, attempts,
		!slices.ContainsFunc(marks, func(m record.MarkKey) bool { return !m.Over }))
	if err != nil {
		return s.fault(ctx, err)
	}
	if tag.RowsAffected() != int64(len(marks)) {
		return fault.New(fault.Conflict, "mark.exists", "%d of %d marks are there already",
			int64(len(marks))-tag.RowsAffected(), len(marks)).With("unit", "%s", marks[0].Unit)
	}
	return nil
}

// fillMarks writes the counts that the transaction's rows came to.
func (s *session) fillMarks(ctx context.Context, marks []record.MarkKey, accounts []record.Account) error {
	type place struct{ chunk, generation int }
	by := map[place]record.Account{}
	for _, a := range accounts {
		by[place{a.Chunk, a.Generation}] = a
	}
	var runs, units []string
	var chunks []int32
	var read, applied, size []int64
	var hash [][]byte
	for _, m := range marks {
		a, ok := by[place{m.Chunk, m.Generation}]
		if !ok {
			return fault.New(fault.Internal, "mark.account", "mark %s chunk %d has no account", m.Unit, m.Chunk)
		}
		runs, units, chunks = append(runs, m.Run), append(units, m.Unit), append(chunks, int32(m.Chunk))
		read, applied, size = append(read, a.Read), append(applied, a.Applied), append(size, a.Bytes)
		hash = append(hash, a.Hash)
	}
	if len(accounts) != len(marks) {
		return fault.New(fault.Internal, "mark.account", "%d accounts for %d marks", len(accounts), len(marks))
	}
	table, err := marktable.Of(marks)
	if err != nil {
		return err
	}
	tag, err := s.conn.Exec(ctx, `
		UPDATE `+table+` m SET n_read = n.n_read, n_applied = n.n_applied, bytes = n.bytes, hash = n.hash, at = clock_timestamp()
		FROM unnest($1::text[], $2::text[], $3::int4[], $4::int8[], $5::int8[], $6::int8[], $7::bytea[])
			AS n(run, unit, chunk, n_read, n_applied, bytes, hash)
		WHERE m.run = n.run::uuid AND m.unit = n.unit AND m.chunk = n.chunk`, runs, units, chunks, read, applied, size, hash)
	if err != nil {
		return s.fault(ctx, err)
	}
	if tag.RowsAffected() != int64(len(marks)) {
		return fault.New(fault.Internal, "mark.account", "%d of %d marks were filled in", tag.RowsAffected(), len(marks))
	}
	return nil
}
