package postgres

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"
)

var (
	_ connector.Inspector = (*Endpoint)(nil)
	_ connector.Examiner  = (*Endpoint)(nil)
)

// Inspect is the connector.Inspector's, in one read-only transaction: see
// survey.Inspect.
func (e *Endpoint) Inspect(ctx context.Context, sel catalog.Selection) (*catalog.Database, error) {
	var db *catalog.Database
	err := e.reading(ctx, "", func(s *session) (err error) {
		db, err = survey.Inspect(ctx, s.conn, sel)
		return err
	})
	return db, fault.Wrap(err, "inspect %s", e.name)
}

// Examine is the connector.Examiner's: see survey.Examine.
func (e *Endpoint) Examine(ctx context.Context, role string, facts catalog.Facts) ([]connector.Finding, error) {
	var found []connector.Finding
	err := e.reading(ctx, "", func(s *session) (err error) {
		found, err = survey.Examine(ctx, s.conn, role, e.login.Most, facts)
		return err
	})
	return found, fault.Wrap(err, "examine %s", e.name)
}

// planWell: just filled catalogues have no statistics yet; with nested loops,
// joins over 2,000 tables took 13 s instead of 0.2.
const planWell = "SET LOCAL enable_nestloop = off"

// reading runs f in a read-only transaction at a snapshot ("" is a new one).
func (e *Endpoint) reading(ctx context.Context, snapshot string, f func(*session) error) error {
	s, err := e.session(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	begin, join := beginReading+"; ", ""
	if snapshot != "" {
		join = "SET TRANSACTION SNAPSHOT " + literal(snapshot) + "; "
	}
	if err := s.exec(ctx, begin+join+planWell); err != nil {
		if snapshot != "" && ended(err) { // its session was lost meanwhile
			return fault.New(fault.Unavailable, "snapshot.lost", "a snapshot of %s is lost: no session holds it any more", e.name)
		}
		return err
	}
	if err := f(s); err != nil {
		return s.fault(ctx, err)
	}
	return s.exec(ctx, "COMMIT")
}
