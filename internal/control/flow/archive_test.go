package flow

import (
	"os"
	"strings"
	"testing"
)

// member is a file of an archive in the txtar form: "-- NAME --" and its text.
type member struct{ name, text string }

func readArchive(t testing.TB, path string) []member {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []member
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(name, " --\n") {
			out = append(out, member{name: strings.TrimSuffix(name, " --\n")})
			continue
		}
		if len(out) > 0 {
			out[len(out)-1].text += line
		}
	}
	return out
}

func writeArchive(t testing.TB, path string, members []member) {
	t.Helper()
	var b strings.Builder
	for _, m := range members {
		b.WriteString("-- " + m.name + " --\n" + m.text)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
