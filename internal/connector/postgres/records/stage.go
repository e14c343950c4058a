package records

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/records/foreseen"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A page is staged as text, so that a value that its type does not take is
// refused where its record is written and not before. godwit_record has a row
// for each record: what became of it is noted there by the statements
// themselves, in the server.
const stageRecords = `CREATE TEMP TABLE godwit_record (n int PRIMARY KEY, parts int[] NOT NULL, want int4 NOT NULL, n_rows int8 NOT NULL DEFAULT 0,
	missed int8 NOT NULL DEFAULT 0, older bool NOT NULL DEFAULT false, state text, message text, detail text, at_schema text, at_table text, at_column text,
	at_type text, at_constraint text) ON COMMIT DROP`

// stage brings a page into the temporary tables, which the transaction's first
// page makes.
func (w *Writer) stage(ctx context.Context, b *batch) error {
	fresh := w.stages == nil
	if err := w.makeStages(ctx); err != nil {
		return sqlstate.Translate(err)
	}
	var records []byte
	for _, n := range b.live {
		records = strconv.AppendInt(records, int64(n), 10)
		records = append(records, "\t{"...)
		for i, p := range b.uses[n] {
			if i > 0 {
				records = append(records, ',')
			}
			records = strconv.AppendInt(records, int64(p), 10)
		}
		records = append(records, "}\t"...)
		records = append(strconv.AppendInt(records, int64(b.want[n]), 10), '\n')
	}
	if err := w.copyWhole(ctx, "pg_temp.godwit_record (n, parts, want)", records, int64(len(b.live))); err != nil {
		return err
	}
	for _, at := range b.inOrder() {
		p := b.parts[at]
		if p.rows == 0 {
			continue
		}
		if err := w.copyWhole(ctx, w.stages[p.target], p.data, p.rows); err != nil {
			return err
		}
	}
	if !fresh {
		return nil
	}
	// Once is enough: the share of a part stays known when the stage is emptied.
	analyze := "ANALYZE pg_temp.godwit_record (n)"
	for _, s := range w.stages {
		analyze += "; ANALYZE " + s + " (godwit_record, godwit_part)"
	}
	_, err := run(ctx, w.conn, analyze)
	return sqlstate.Translate(err)
}

func (w *Writer) copyWhole(ctx context.Context, into string, data []byte, rows int64) error {
	n, err := w.copy(ctx, into, data)
	if err == nil && n != rows {
		err = fault.New(fault.Internal, "copy.count", "%d of %d rows were staged", n, rows)
	}
	return sqlstate.Translate(err)
}

func (w *Writer) makeStages(ctx context.Context) error {
	sql := "TRUNCATE pg_temp.godwit_record"
	switch {
	case w.stages != nil:
		for _, s := range w.stages {
			sql += ", " + s
		}
		_, err := run(ctx, w.conn, sql)
		return err
	case w.made == 0:
		sql = stageRecords
	}
	for _, t := range w.targets {
		w.made++
		name := fmt.Sprintf("godwit_stage_%d", w.made)
		sql += "; CREATE TEMP TABLE " + name + " (godwit_record int, godwit_seq int, godwit_part int"
		for i := range t.columns {
			sql += fmt.Sprintf(", c%d text", i)
		}
		sql += ") ON COMMIT DROP; CREATE INDEX ON pg_temp." + name + " (godwit_record)"
		w.stages = append(w.stages, "pg_temp."+name)
	}
	_, err := run(ctx, w.conn, sql)
	return err
}

// isolate writes a page that was refused as a whole record by record, each in
// a block of its own, within the server.
func (w *Writer) isolate(ctx context.Context, page []record.Mapped, became []connector.Became) error {
	b, err := encode(w.targets, w.mode == connector.ModeMerge, true, page, became, nil)
	if err != nil || len(b.live) == 0 {
		return err
	}
	if err := w.stage(ctx, b); err != nil {
		return err
	}
	return w.oneByOne(ctx, b, page, true)
}

// oneByOne writes the staged records one after the other. Foresee: no two of them
// write the same row, so that what a record is refused for is its own.
func (w *Writer) oneByOne(ctx context.Context, b *batch, page []record.Mapped, foresee bool) error {
	err := w.watchAgain(ctx)
	if err == nil && w.foreseen == nil {
		w.foreseen, err = foreseen.Of(ctx, w.conn, w.names())
	}
	if err != nil {
		return err
	}
	if w.plpgsql {
		_, err = run(ctx, w.conn, w.loop(b, foresee))
		err = sqlstate.Translate(err)
	} else {
		err = w.bySavepoints(ctx, b)
	}
	if err == nil {
		err = w.collect(ctx, b, page)
	}
	if err == nil {
		err = w.locate(ctx, page, b.became, b.live)
	}
	w.refused = slices.ContainsFunc(b.live, func(n int) bool { return b.became[n].Refusal != nil })
	return err
}

// names are the targets' as the server resolves them.
func (w *Writer) names() []string {
	names := make([]string, len(w.targets))
	for i, t := range w.targets {
		names[i] = t.Table.SQL()
	}
	return names
}

// bySavepoints does the same without PL/pgSQL: a round trip for each record.
func (w *Writer) bySavepoints(ctx context.Context, b *batch) error {
	for _, n := range b.live {
		sql := ""
		for _, st := range w.statements(b, one(strconv.Itoa(n))) {
			if st.part < 0 || slices.Contains(b.uses[n], st.part) {
				sql += st.sql + ";\n"
			}
		}
		if w.mode != connector.ModeAppend && w.watched() {
			sql += w.missing(b, strconv.Itoa(n), b.uses[n]) + ";\n"
		}
		refused, err := w.attempt(ctx, func() error {
			tag, err := run(ctx, w.conn, sql+w.short(strconv.Itoa(n)))
			if err == nil && tag.RowsAffected() > 0 {
				err = errNotTaken
			}
			return err
		})
		if err != nil {
			return err
		}
		var e *pgconn.PgError
		if errors.As(refused, &e) {
			b.became[n] = connector.Became{Outcome: record.Dead, Refusal: w.refusal(e)}
		}
	}
	return nil
}

// fate is a row of godwit_record.
type fate struct {
	N                                                           int
	Rows                                                        int64
	Older                                                       bool
	State, Message, Detail, Schema, Table, Column, Type, Constr *string
}

// collect reads what became of the staged records.
func (w *Writer) collect(ctx context.Context, b *batch, page []record.Mapped) error {
	fates, err := survey.List(ctx, w.conn, pgx.RowToStructByPos[fate], `SELECT n, n_rows, older, state, message, detail,
		at_schema, at_table, at_column, at_type, at_constraint FROM pg_temp.godwit_record`)
	if err != nil {
		return err
	}
	if len(fates) != len(b.live) {
		return fault.New(fault.Internal, "account.open", "the server tells of %d records, %d were sent", len(fates), len(b.live))
	}
	for _, f := range fates {
		if f.N < 0 || f.N >= len(page) || b.became[f.N].Outcome != "" {
			continue // dead by its savepoint
		}
		if f.State != nil {
			e := &pgconn.PgError{Code: *f.State, Message: text(f.Message), Detail: text(f.Detail), SchemaName: text(f.Schema), TableName: text(f.Table),
				ColumnName: text(f.Column), DataTypeName: text(f.Type), ConstraintName: text(f.Constr)}
			if !w.aboutRecords(e) {
				return sqlstate.Translate(e)
			}
			b.became[f.N] = connector.Became{Outcome: record.Dead, Refusal: w.refusal(e)}
			continue
		}
		b.became[f.N] = connector.Became{Outcome: w.outcome(f), Rows: f.Rows}
	}
	return nil
}

func (w *Writer) outcome(f fate) record.Outcome {
	switch {
	case w.mode == connector.ModeAppend, f.Rows > 0:
		return record.Applied
	case f.Older:
		return record.Superseded
	}
	return record.Equal
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
