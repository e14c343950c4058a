package postgres

import (
	"context"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/noted"
)

// Hold locks the chunks' tables against changes of their definitions and proves
// that they have the columns they were planned with, and the file they had
// before the snapshot: TRUNCATE and rewrites do not respect snapshots, and
// chunks of pages mean one file. CopyOut does it for a table that is not held
// yet; for many tables at once it costs two round trips instead of three for
// each.
func (r *reader) Hold(ctx context.Context, chunks []catalog.Chunk) error {
	var fresh []catalog.Chunk
	var locks strings.Builder
	for _, c := range chunks {
		if r.held[c.Table] == 0 {
			fresh = append(fresh, c)
			// Not LOCK TABLE: a materialised view can be read and not be locked.
			locks.WriteString("SELECT FROM ONLY " + c.Table.SQL() + conditions(noted.Named(c.Table, r.sn.notes.Of(c.Table).OID)) + " LIMIT 0;")
		}
	}
	if fresh == nil {
		return nil
	}
	if err := r.s.exec(ctx, locks.String()); err != nil && !missing(err) && !noted.Moved(err) {
		return err // which one it is is found below
	}
	// Asked of another session: this one's queries see the catalogue of the
	// snapshot. The locks keep the answer true.
	var now map[catalog.Name][]noted.Column
	err := r.sn.e.glance(ctx, func(s *session) (err error) {
		now, err = noted.Columns(ctx, s.conn, fresh)
		return s.fault(ctx, err)
	})
	if err != nil {
		return err
	}
	if r.held == nil {
		r.held = map[catalog.Name]uint32{}
	}
	for _, c := range fresh {
		if err := r.sn.notes.Compare(c, now[c.Table], r.before(ctx, c)); err != nil {
			return err
		}
		if !r.s.broken {
			r.held[c.Table] = now[c.Table][0].OID
		}
	}
	if r.s.broken { // a table was missing, and has come back since
		return noted.Changed(fresh[0]).With("now", "it or one read with it was gone for a moment")
	}
	return nil
}

// before asks for the columns of a table as the snapshot sees them.
func (r *reader) before(ctx context.Context, c catalog.Chunk) func() ([]noted.Column, error) {
	if r.s.broken {
		return nil
	}
	return func() ([]noted.Column, error) {
		all, err := noted.Columns(ctx, r.s.conn, []catalog.Chunk{c})
		return all[c.Table], r.s.fault(ctx, err)
	}
}
