package records

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"godwit/internal/ledger/store"
	"godwit/internal/record"
)

// Later reports whether a later run than that of an exception has delivered its record
// since, as it was read then: what the exception has of it is older. Redrives do not
// count, they are of older runs themselves; nor does what was delivered before somebody
// put the exception's record right.
func Later(ctx context.Context, db store.Reader, p record.Place, key string, exception int64) (bool, error) {
	list, err := scan(reading(ctx, db), func(r *sql.Rows) (yes bool, err error) { return yes, r.Scan(&yes) },
		`SELECT EXISTS (SELECT 1 FROM exception e, place p JOIN record r ON r.place = p.id JOIN recorded d ON d.id = r.chunk AND NOT d.doubted
			JOIN run o ON o.id = d.run AND o.flow <> 'redrive'
			WHERE e.id = ? AND p.entity = ? AND p.connection = ? AND p.env = ? AND r.chunk >= p.floor AND r.key = ? AND r.state = ? AND r.hash <> 0 AND d.run > e.run
			AND d.at > max(e.first, coalesce((SELECT max(t.at) FROM patch t WHERE t.exception = e.id), 0)))`,
		exception, p.Entity, p.At, p.Env, key, slices.Index(outcomes, record.Applied))
	return err == nil && len(list) == 1 && list[0], err
}

// Beside names the run that has delivered a record last, when that is another one than
// a run and of another item of the same loop, by flow, step and inputs: two items have
// records of one key then. It is "" otherwise.
func Beside(ctx context.Context, db store.Reader, p record.Place, run, key string) (name string, err error) {
	const loop = `substr(%[1]s.parent_node, 1, instr(%[1]s.parent_node, '['))`
	list, err := scan(reading(ctx, db), func(r *sql.Rows) (name string, err error) { return name, r.Scan(&name) },
		`SELECT o.flow || '-' || o.n FROM place p JOIN record r ON r.place = p.id JOIN recorded d ON d.id = r.chunk AND NOT d.doubted
			JOIN run h ON h.uid = ? JOIN run o ON o.id = d.run AND o.env = h.env AND o.parent_node <> h.parent_node AND o.inputs <> h.inputs
			JOIN run a ON a.id = o.parent JOIN run b ON b.id = h.parent AND b.flow = a.flow
			WHERE p.entity = ? AND p.connection = ? AND p.env = ? AND r.chunk >= p.floor AND r.key = ? AND r.hash <> 0
			AND instr(h.parent_node, '[') > 0 AND `+fmt.Sprintf(loop, "o")+` = `+fmt.Sprintf(loop, "h"),
		run, p.Entity, p.At, p.Env, key)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}
