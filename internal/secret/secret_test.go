package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever prints it, the text does not come out.
func TestStringNeverPrints(t *testing.T) {
	t.Parallel()
	const canary = "canary-4711"
	type hidden struct{ inner String }
	type shown struct{ Inner String }
	s := New(canary)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s, "h", hidden{s}, "p", &s)
	out := []string{log.String(), fmt.Sprint(s, &s, hidden{s}, shown{s})}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{s, &s, hidden{s}, shown{s}, []String{s}, map[string]String{"k": s}} {
			out = append(out, fmt.Sprintf(verb, v))
		}
	}
	j, err := json.Marshal(map[string]any{"a": s, "b": shown{s}, "c": Source{Value: s, Env: "E"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range append(out, string(j)) {
		if strings.Contains(o, canary) {
			t.Errorf("printed: %s", o)
		}
	}
	if s.Reveal() != canary || s.Empty() || !New("").Empty() {
		t.Error("the text is not kept")
	}
}

func TestFetch(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pw")
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GODWIT_TEST_SECRET", "from env")
	for want, s := range map[string]Source{
		"from env":     {Env: "GODWIT_TEST_SECRET"},
		"from file":    {File: file},
		"from command": {Command: []string{"sh", "-c", "echo from command"}},
		"typed":        {Value: New("typed")},
	} {
		got, err := s.Fetch(t.Context())
		if err != nil || got.Reveal() != want {
			t.Errorf("got %q, %v; want %q", got.Reveal(), err, want)
		}
	}
	for _, s := range []Source{{Env: "GODWIT_TEST_UNSET"}, {File: file + "x"}, {Command: []string{"false"}}} {
		if _, err := s.Fetch(t.Context()); err == nil {
			t.Errorf("%+v: no error", s)
		}
	}
}
