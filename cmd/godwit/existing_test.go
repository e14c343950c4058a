package main_test

import (
	"testing"

	"godwit/rig/postgres/pgtest"
)

// pagila loads the data set into the source and gives a move of one table of
// it that the flags select.
func pagila(t testing.TB, flags ...string) *move {
	t.Helper()
	from, to := pgtest.Pair(t)
	pgtest.Load(t, from, "data/pagila/pagila.sql")
	m := newMove(t, from, to)
	m.flags = append([]string{"--include", "public.film"}, flags...)
	return m
}

// with adds flags to those of a move.
func (m *move) with(flags ...string) *move {
	other := *m
	other.flags = append(append([]string{}, m.flags...), flags...)
	return &other
}

// TestExistingKeepsDefinitions copies a table again whose type, domain and
// trigger function are at the target from before, though nothing selects them.
func TestExistingKeepsDefinitions(t *testing.T) {
	t.Parallel()
	m := pagila(t)
	m.copy(t).ends(t, 0)
	want := state(t, m.to)
	m.with("--existing", "truncate").copy(t).ends(t, 0)
	m.proved(t, want)
	m.with("--existing", "skip").copy(t).ends(t, 0)
	m.proved(t, want)
	pgtest.Exec(t, m.to, "truncate public.film")
	m.with("--existing", "append").copy(t).ends(t, 0)
	m.proved(t, want)
	// With a shared object there the table is still made.
	pgtest.Exec(t, m.to, "drop table public.film")
	m.with("--existing", "skip").copy(t).ends(t, 0)
	m.proved(t, want)
}

// TestExistingRefusedBefore is about what could not be written to or made: it
// is refused before anything is emptied.
func TestExistingRefusedBefore(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct{ sql, says string }{
		"column":   {"alter table film drop column length", "public.film has no column length"},
		"kind":     {"alter table film rename to kept; create view film as select * from kept", "public.film cannot be made: there is a view"},
		"sequence": {"alter table film alter film_id drop default; drop sequence film_film_id_seq", "sequence public.film_film_id_seq is not there"},
		"name":     {"alter table film rename to kept; alter type mpaa_rating rename to other; create domain mpaa_rating as text", "there is a domain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := pagila(t)
			pgtest.Exec(t, m.from, "alter sequence film_film_id_seq owned by film.film_id")
			m.copy(t).ends(t, 0)
			pgtest.Exec(t, m.to, change.sql)
			want := state(t, m.to)
			m.with("--existing", "truncate").copy(t).ends(t, 2).says(t, "target.unlike", change.says)
			m.start(t, nil, "doctor", "--from", m.from, "--to", m.to, "--existing", "truncate", "--include", "public.film", "--ledger", m.ledger).
				ends(t, 2).says(t, change.says)
			m.proved(t, want)
		})
	}
}
