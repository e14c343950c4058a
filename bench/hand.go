package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// hand is what somebody would write for one set of records by hand: it reads,
// maps and writes as the map says, checks nothing, and knows nothing afterwards.
func hand(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: hand SET FROM TO")
	}
	from, err := pgx.Connect(ctx, args[1])
	if err != nil {
		return err
	}
	defer from.Close(ctx)
	if args[0] == "calls" {
		return handCalls(ctx, from, args[2])
	}
	to, err := pgx.Connect(ctx, args[2])
	if err != nil {
		return err
	}
	defer to.Close(ctx)
	switch args[0] {
	case "relational":
		return handRelational(ctx, from, to)
	case "documents":
		return handDocuments(ctx, from, to)
	case "deep":
		return handDeep(ctx, from, to)
	}
	return fmt.Errorf("no set %q", args[0])
}

var handKinds = map[string]string{"a": "alpha", "b": "beta", "c": "gamma", "d": "delta"}

func handCode(text string) string { return strings.ToUpper(strings.TrimSpace(text)) }
func handName(text string) string { return strings.Join(strings.Fields(text), " ") }
func handZip(text string) string {
	return strings.Repeat("0", max(0, 6-len(text))) + text
}

func times(n pgtype.Numeric, by int32) pgtype.Numeric {
	return pgtype.Numeric{Int: new(big.Int).Mul(n.Int, big.NewInt(int64(by))), Exp: n.Exp, Valid: n.Valid}
}

func handRelational(ctx context.Context, from, to *pgx.Conn) error {
	rows, err := from.Query(ctx, `select id, code, name, note, kind, amount, price, qty, at, day, flag, email, city, country, zip, score, n1, n2 from r.good order by id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns := strings.Split("id,code,name,note,kind,amount,price,qty,at,day,flag,email,city,country,zip,score,n1,n2,total,source", ",")
	_, err = to.CopyFrom(ctx, pgx.Identifier{"t", "rec"}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		if !rows.Next() {
			return nil, rows.Err()
		}
		var (
			id, n2                                              int64
			code, name, note, kind, day, flag, email, land, zip string
			city                                                *string
			amount, price                                       pgtype.Numeric
			qty, n1                                             int32
			at                                                  time.Time
			score                                               float64
		)
		if err := rows.Scan(&id, &code, &name, &note, &kind, &amount, &price, &qty, &at, &day, &flag, &email, &city, &land, &zip, &score, &n1, &n2); err != nil {
			return nil, err
		}
		date, err := time.Parse("02.01.2006", day)
		if err != nil {
			return nil, err
		}
		town := "unknown"
		if city != nil {
			town = *city
		}
		return []any{id, handCode(code), handName(name), note, handKinds[kind], amount, price, qty, at, date, flag == "J", strings.ToLower(email), town, land,
			handZip(zip), score, n1, n2, times(amount, qty), "bench"}, nil
	}))
	return err
}

type handDocument struct {
	Code, Name string
	Meta       struct {
		Kind, Made string
		Changed    time.Time
		Owner      struct{ Name, Mail string }
	}
	Amount  json.Number
	Qty     int32
	Flag    bool
	Big     int64
	Address struct{ City, Country, Zip string }
	Tags    []string
	Links   []string
	People  []struct{ Name string }
}

func handDocuments(ctx context.Context, from, to *pgx.Conn) error {
	rows, err := from.Query(ctx, "select id, doc from r.doc order by id")
	if err != nil {
		return err
	}
	defer rows.Close()
	columns := strings.Split("id,code,name,kind,owner,mail,made,changed,amount,qty,flag,big,city,country,zip,tags,first,link,total,source", ",")
	_, err = to.CopyFrom(ctx, pgx.Identifier{"t", "doc"}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		if !rows.Next() {
			return nil, rows.Err()
		}
		var id int64
		var d handDocument
		if err := rows.Scan(&id, &d); err != nil {
			return nil, err
		}
		made, err := time.Parse("02.01.2006", d.Meta.Made)
		if err != nil {
			return nil, err
		}
		var amount pgtype.Numeric
		if err := amount.Scan(d.Amount.String()); err != nil {
			return nil, err
		}
		return []any{id, handCode(d.Code), handName(d.Name), handKinds[d.Meta.Kind], d.Meta.Owner.Name, d.Meta.Owner.Mail, made, d.Meta.Changed, amount, d.Qty,
			d.Flag, d.Big, d.Address.City, d.Address.Country, handZip(d.Address.Zip), strings.Join(d.Tags, ", "), d.People[0].Name, d.Links[1], times(amount, d.Qty), "bench"}, nil
	}))
	return err
}

type handDeepDocument struct {
	ID         int64 `json:"-"`
	Code, Name string
	Items      []struct {
		Article string
		Qty     int32
		Price   json.Number
	}
	People []struct{ Name, Role string }
	Links  []struct{ URL string }
	Notes  []struct{ Text, Written string }
}

// handDeep writes 1,000 documents at a time, all in one transaction.
func handDeep(ctx context.Context, from, to *pgx.Conn) error {
	rows, err := from.Query(ctx, "select id, doc from r.deep order by id")
	if err != nil {
		return err
	}
	defer rows.Close()
	tx, err := to.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	var batch []handDeepDocument
	for rows.Next() {
		var id int64
		var d handDeepDocument
		if err := rows.Scan(&id, &d); err != nil {
			return err
		}
		d.ID = id // reading a document empties it first
		if batch = append(batch, d); len(batch) == 1000 {
			if err := handBatch(ctx, tx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := handBatch(ctx, tx, batch); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

func handBatch(ctx context.Context, tx pgx.Tx, batch []handDeepDocument) error {
	var deep, items, people, links, notes [][]any
	for _, d := range batch {
		deep = append(deep, []any{d.ID, handCode(d.Code), d.Name})
		for i, x := range d.Items {
			var price pgtype.Numeric
			if err := price.Scan(x.Price.String()); err != nil {
				return err
			}
			items = append(items, []any{d.ID, int32(i), x.Article, x.Qty, price})
		}
		for i, x := range d.People {
			people = append(people, []any{d.ID, int32(i), x.Name, x.Role})
		}
		for i, x := range d.Links {
			links = append(links, []any{d.ID, int32(i), x.URL})
		}
		for i, x := range d.Notes {
			written, err := time.Parse(time.DateOnly, x.Written)
			if err != nil {
				return err
			}
			notes = append(notes, []any{d.ID, int32(i), x.Text, written})
		}
	}
	for _, t := range []struct {
		name, columns string
		rows          [][]any
	}{
		{"deep", "id,code,name", deep}, {"item", "id,pos,article,qty,price", items}, {"person", "id,pos,name,role", people},
		{"link", "id,pos,url", links}, {"note", "id,pos,text,written", notes},
	} {
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"t", t.name}, strings.Split(t.columns, ","), pgx.CopyFromRows(t.rows)); err != nil {
			return err
		}
	}
	return nil
}
