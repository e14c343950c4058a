package dump_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/connector/postgres/dump"
)

// Programs are asked for their version once, and again when they were replaced.
func TestFindAsksOnce(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PGBIN", dir)
	asked := filepath.Join(dir, "asked")
	install := func(version string) {
		t.Helper()
		for _, name := range []string{"pg_dump", "pg_restore"} {
			text := fmt.Sprintf("#!/bin/sh\necho >> %s\necho '%s (PostgreSQL) %s'\n", asked, name, version)
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, version := range []string{"15.1", "16.10"} {
		install(version)
		for range 3 {
			p, err := dump.Find(t.Context(), 15)
			if err != nil || p.Version != version {
				t.Fatalf("found %q, want %s: %v", p.Version, version, err)
			}
		}
		if text, err := os.ReadFile(asked); err != nil || strings.Count(string(text), "\n") != i+1 {
			t.Errorf("asked %d times for %d versions: %v", strings.Count(string(text), "\n"), i+1, err)
		}
	}
}
