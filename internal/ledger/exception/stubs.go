package exception

import (
	"context"

	"godwit/internal/record"
)

// Stubs are those of an entity that earlier runs of a flow have made, and whose records
// have not come since.
type Stubs struct {
	Entity string `json:"entity"`
	Stubs  int64  `json:"stubs"`
	Run    string `json:"run"` // the newest one that made some of them
}

// Stubs lists how many stubs of earlier runs stand beside a run, by entity. Those that
// somebody has accepted are as they are to be.
func (l Look) Stubs(ctx context.Context, run int64) ([]Stubs, error) {
	return ask(ctx, l, func(r scanner) (s Stubs, err error) { err = r.Scan(&s.Entity, &s.Stubs, &s.Run); return s, err },
		`WITH s AS MATERIALIZED (SELECT i.entity AS entity, i.key AS key, i.run AS run FROM issue i
			WHERE i.run IN (SELECT f.id FROM run f JOIN run h ON`+Home+` WHERE h.id = ? AND f.id < h.id)
			AND i.rule = '`+record.RuleStub+`' AND i.exception = 0 AND NOT `+mended+` AND NOT `+accepted+shownIssue+`)
		SELECT n.entity, n.stubs, r.flow || '-' || r.n FROM (SELECT entity, count(DISTINCT key) AS stubs, max(run) AS newest FROM s GROUP BY entity) AS n
			JOIN run r ON r.id = n.newest ORDER BY n.entity`, run)
}
