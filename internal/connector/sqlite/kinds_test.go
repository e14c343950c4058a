package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/fault"
)

// A connection's own kinds win over the table's.
func TestKinds(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.db")
	for _, c := range []struct {
		own  []connector.ErrorKind
		want fault.Kind
	}{{nil, fault.Config}, {[]connector.ErrorKind{{Code: "1", Kind: "unavailable"}}, fault.Unavailable}, {[]connector.ErrorKind{{Code: "query.invalid", Kind: "data"}}, fault.Data}} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := Open("x", &Settings{File: file, Errors: c.own})
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.One(t.Context(), "SELECT nosuch", nil)
		if got := fault.KindOf(err); got != c.want {
			t.Errorf("%v is %s, want %s", err, got, c.want)
		}
		s.End()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	if wrong := checkErrors(&Settings{Errors: []connector.ErrorKind{{Code: "busy", Kind: "data"}, {Code: "5", Kind: "data"}}}); len(wrong) != 1 {
		t.Errorf("%+v", wrong)
	}
}
