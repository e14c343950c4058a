// Package statement runs one statement that people wrote and keeps the rows that
// it gives. Start at Run.
package statement

import (
	"context"
	"encoding/json"
	"errors"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/bindings"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/typed"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Run runs one statement that people wrote. More than one in a text is refused
// by the server's own protocol.
func Run(ctx context.Context, conn *pgx.Conn, s connector.Statement) (ran connector.Ran, err error) {
	p := &statement{conn: conn}
	p.text, err = bindings.Parse(s.SQL, func(name string) bool {
		_, ok := s.Args[name]
		return ok
	})
	if err != nil {
		return ran, err
	}
	if p.args, err = p.text.Args(s.Args); err != nil {
		return ran, err
	}
	described, err := conn.PgConn().Prepare(ctx, "", p.text.SQL, nil)
	if err != nil {
		return ran, p.refusedStatement(err)
	}
	names, decoders, formats, err := columnsOf(ctx, conn, described)
	if err != nil {
		return ran, err
	}
	ran.Rows, ran.Count, err = p.execute(ctx, s.Most, names, decoders, formats)
	return ran, err
}

// statement is one with what stands for its names.
type statement struct {
	conn *pgx.Conn
	text bindings.Text
	args [][]byte // of its parameters, nil is NULL
}

// columnsOf finds how the rows of a statement are read.
func columnsOf(ctx context.Context, conn *pgx.Conn, d *pgconn.StatementDescription) (names []string, decoders []typed.Decoder, formats []int16, err error) {
	var refs []typed.Ref
	seen := map[string]bool{}
	for _, f := range d.Fields {
		if seen[f.Name] {
			return nil, nil, nil, fault.New(fault.Config, "query.invalid", "two columns of the result are called %q", f.Name).Hint("give one of them another name: AS")
		}
		seen[f.Name] = true
		names, refs = append(names, f.Name), append(refs, typed.Ref{OID: f.DataTypeOID, Modifier: f.TypeModifier})
	}
	if len(refs) == 0 {
		return nil, nil, nil, nil
	}
	types, err := typed.Load(ctx, conn, refs)
	if err != nil {
		return nil, nil, nil, err
	}
	for i := range types {
		d := types[i].Decoder()
		decoders, formats = append(decoders, d), append(formats, d.Format)
	}
	return names, decoders, formats, nil
}

// execute runs the statement and keeps the rows that it gives.
func (p *statement) execute(ctx context.Context, most connector.Most, names []string, decoders []typed.Decoder, formats []int16) (ran []json.RawMessage, count int64, err error) {
	r := p.conn.PgConn().ExecParams(ctx, p.text.SQL, p.args, nil, nil, formats)
	size := 0
	var wrong error
	for r.NextRow() {
		if wrong != nil {
			continue // the rest of the answer is read and thrown away
		}
		if len(ran) == most.Rows {
			wrong = fault.New(fault.Data, "statement.too-many-rows", "the statement gives more than %d rows", most.Rows)
			continue
		}
		row, err := rowOfValues(r.Values(), names, decoders)
		if err != nil {
			wrong = err
			continue
		}
		if size += len(row); size > most.Bytes {
			wrong = fault.New(fault.Data, "statement.too-many-rows", "the statement gives more than %d KiB", most.Bytes>>10)
			continue
		}
		ran = append(ran, row)
	}
	tag, err := r.Close()
	if err != nil {
		return nil, 0, p.refusedStatement(err)
	}
	return ran, tag.RowsAffected(), wrong
}

func rowOfValues(raw [][]byte, names []string, decoders []typed.Decoder) ([]byte, error) {
	row := make(record.Object, len(names))
	for i, b := range raw {
		if row[names[i]] = nil; b == nil {
			continue
		}
		v, err := decoders[i].Decode(b)
		if err != nil {
			return nil, fault.New(fault.Data, "data.syntax", "column %q holds what cannot be read exactly", names[i])
		}
		row[names[i]] = v
	}
	text, err := record.EncodeJSON(row)
	if err != nil {
		return nil, fault.New(fault.Data, "data.syntax", "a row cannot be kept: %w", err).Hint("cast the column to text")
	}
	return text, nil
}

// refusedStatement is the server's refusal of a statement.
func (p *statement) refusedStatement(err error) error {
	var answer *pgconn.PgError
	if errors.As(err, &answer) && answer.Code == "25001" {
		return fault.New(fault.Config, "statement.control", "%s", answer.Message).
			Hint("unmarked: true runs it outside of a transaction; after a crash it may then run twice")
	}
	if errors.As(err, &answer) && answer.Code == "42601" && answer.Message == "cannot insert multiple commands into a prepared statement" {
		return fault.New(fault.Config, "query.invalid", "there is more than one statement").
			Hint("make a step of each, or put them into one block: DO $$ BEGIN ...; END $$")
	}
	translated := sqlstate.Translate(err)
	if f := fault.Of(translated); answer == nil || f.Kind != fault.Config {
		return translated
	}
	e := fault.New(fault.Config, "query.invalid", "%s", fault.Of(translated).Text)
	if at := int(answer.Position); at > 0 {
		line, column := p.text.Place(len(string([]rune(p.text.SQL)[:min(at-1, len([]rune(p.text.SQL)))])))
		e.With("at", "line %d, column %d", line, column)
	}
	f := fault.Of(translated)
	e.Lines, e.Next = append(e.Lines, f.Lines...), f.Next
	return e
}
