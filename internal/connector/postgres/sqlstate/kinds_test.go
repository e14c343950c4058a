package sqlstate

import (
	"errors"
	"fmt"
	"testing"

	"godwit/internal/fault"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	k := Kinds{"P0001": fault.Unavailable, "data.check": fault.Denied, "40001": fault.Data}
	for state, want := range map[string]fault.Kind{
		"P0001": fault.Unavailable, "23514": fault.Denied, "40001": fault.Data, "40P01": fault.Conflict, "23505": fault.Data,
	} {
		err := fmt.Errorf("layer: %w", &pgconn.PgError{Code: state, Severity: "ERROR", SeverityUnlocalized: "ERROR"})
		if got := k.Kind(err); got != want {
			t.Errorf("%s is %s, want %s", state, got, want)
		}
		up := k.Apply(fault.Wrap(Translate(err), "copy"))
		if got := fault.KindOf(fault.Wrap(up, "chunk 3")); got != want {
			t.Errorf("%s is %s above, want %s", state, got, want)
		}
		if got := fault.CodeOf(up); got != mean(state).code {
			t.Errorf("%s has code %s by now", state, got)
		}
	}
	if err := k.Apply(errors.New("x")); fault.KindOf(err) != fault.Internal {
		t.Error(err)
	}
	if k.Apply(nil) != nil || Kinds(nil).Kind(&pgconn.PgError{Code: "P0001"}) != fault.Data {
		t.Error("without a table nothing is as usual")
	}
}
