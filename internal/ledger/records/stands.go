package records

import (
	"database/sql"
	"encoding/json"

	"godwit/internal/fault"
	"godwit/internal/record"
)

// stands notes in which database and table the records of a place are. When these are
// others than before, nothing that was said of them is known any more: their rows are
// gone, and the keys that they had may be those of others by now.
func stands(tx Tx, p record.Place) error {
	if p.Database == "" {
		return nil
	}
	was, made, err := stood(tx.Query, p)
	if err != nil || made == nil {
		return err
	}
	table, is := record.Table(p.Made)
	if was == p.Database && made[table] == is {
		return nil
	}
	another := was != "" && was != p.Database || made[table] != "" && !record.SameTable(made[table], is)
	if another { // also of the entity's other tables: they are told of again
		clear(made)
	}
	made[table] = is
	text, err := json.Marshal(made)
	if err != nil {
		return fault.New(fault.Internal, "record.state", "note where %s is: %w", p.Entity, err)
	}
	return tx.Change(`UPDATE place SET database = ?, made = ?, floor = CASE WHEN ? THEN (SELECT coalesce(max(id), 0) + 1 FROM recorded) ELSE floor END
		WHERE entity = ? AND connection = ? AND env = ?`, p.Database, string(text), another, p.Entity, p.At, p.Env)
}

// stood is in which database a place was the last time that records of it were told
// of, and what its tables were there by their names; nil of one that nobody knows.
func stood(query func(string, ...any) (*sql.Rows, error), p record.Place) (database string, made map[string]string, err error) {
	type where struct{ database, made string }
	list, err := scan(query, func(r *sql.Rows, w *where) error { return r.Scan(&w.database, &w.made) },
		`SELECT database, made FROM place WHERE entity = ? AND connection = ? AND env = ?`, p.Entity, p.At, p.Env)
	if err != nil || len(list) == 0 {
		return "", nil, err
	}
	made = map[string]string{}
	if err := json.Unmarshal([]byte(list[0].made), &made); err != nil {
		return "", nil, fault.New(fault.Internal, "ledger.damaged", "what the tables of %s are at %s cannot be read: %w", p.Entity, p.At, err)
	}
	return list[0].database, made, nil
}
