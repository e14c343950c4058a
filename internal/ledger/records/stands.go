package records

import (
	"database/sql"
	"encoding/json"
	"strings"

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
	type where struct{ database, made string }
	list, err := scan(tx.Query, func(r *sql.Rows) (w where, err error) { return w, r.Scan(&w.database, &w.made) },
		`SELECT database, made FROM place WHERE entity = ? AND connection = ? AND env = ?`, p.Entity, p.At, p.Env)
	if err != nil || len(list) == 0 {
		return err
	}
	was, made := list[0], map[string]string{}
	if err := json.Unmarshal([]byte(was.made), &made); err != nil {
		return fault.New(fault.Internal, "ledger.damaged", "what the tables of %s are at %s cannot be read: %w", p.Entity, p.At, err)
	}
	is, table, _ := strings.Cut(p.Made, " ")
	if was.database == p.Database && made[table] == is {
		return nil
	}
	another := was.database != "" && was.database != p.Database || made[table] != "" && made[table] != is
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
