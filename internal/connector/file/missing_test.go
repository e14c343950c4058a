package file

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/fault"
)

// TestMissingFile: a file that is not there is told with what is.
func TestMissingFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "people.csv"), []byte("id\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Open("files", &Settings{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for wanted, hint := range map[string]string{"peple.csv": "did you mean people.csv?", "orders-*.csv": ": people.csv", "none/a.csv": "there is nothing in "} {
		_, err := e.objects(connector.Query{Objects: wanted})
		if f := fault.Of(err); f.Code != "query.invalid" || len(f.Next) != 1 || !strings.Contains(f.Next[0], hint) {
			t.Errorf("%s: %v, next %q", wanted, err, f.Next)
		}
	}
}
