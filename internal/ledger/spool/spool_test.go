package spool

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/unit/calls"
)

func items(r *rand.Rand, n int) (list []calls.Spooled) {
	for i := range n {
		list = append(list, calls.Spooled{Part: r.IntN(5), Text: fmt.Appendf(nil, "%d %s", i, strings.Repeat("x", r.IntN(2000)))})
	}
	return list
}

// write keeps a chunk of items.
func write(s Spool, unit string, chunk int, items []calls.Spooled) error {
	d := s.Draft(unit, chunk)
	defer d.Drop()
	if err := d.Add(items); err != nil {
		return err
	}
	return d.Keep()
}

func read(t *testing.T, s Spool, chunks []Chunk, parts ...int) (texts []string) {
	t.Helper()
	r, err := s.Read(chunks, parts)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		text, err := r.Next()
		if errors.Is(err, io.EOF) {
			return texts
		}
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
}

// TestSpool: each partition gives its items in the order in which they were written,
// chunk behind chunk; a chunk that is written again takes the place of the first.
func TestSpool(t *testing.T) {
	t.Parallel()
	s, r := Of(filepath.Join(t.TempDir(), "ledger.db"), "run"), rand.New(rand.NewPCG(1, 2))
	want := map[int][]string{}
	var chunks []Chunk
	for n := 1; n <= 4; n++ {
		if err := write(s, "a/produce/b/1", n, items(r, 7)); err != nil {
			t.Fatal(err)
		}
		list := items(r, []int{3000, 0, 1, 500}[n-1])
		for _, i := range list {
			want[i.Part] = append(want[i.Part], string(i.Text))
		}
		if err := write(s, "a/produce/b/1", n, list); err != nil {
			t.Fatal(err)
		}
		chunks = append(chunks, Chunk{"a/produce/b/1", n})
	}
	counts, err := s.Counts(chunks)
	if err != nil {
		t.Fatal(err)
	}
	for part := range 6 {
		got := read(t, s, chunks, part)
		if fmt.Sprint(got) != fmt.Sprint(want[part]) || counts[part] != int64(len(got)) {
			t.Errorf("part %d: %d items, %d counted, want %d", part, len(got), counts[part], len(want[part]))
		}
	}
	if got := read(t, s, chunks, 2, 4); fmt.Sprint(got) != fmt.Sprint(append(want[2], want[4]...)) {
		t.Errorf("two parts: %d items", len(got))
	}
	if numbers, err := s.Chunks("a/produce/b/1"); err != nil || fmt.Sprint(numbers) != "[1 2 3 4]" {
		t.Errorf("%v %v", numbers, err)
	}
	for range 2 {
		if err := s.Drop([]string{"a/produce/b/1"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("the folder is there: %v", err)
	}
}

// TestDamaged: every byte that is another is noticed, and every end that is missing.
func TestDamaged(t *testing.T) {
	t.Parallel()
	s, r := Of(filepath.Join(t.TempDir(), "ledger.db"), "run"), rand.New(rand.NewPCG(1, 2))
	if err := write(s, "u", 1, items(r, 20)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(s.file("u", 1))
	if err != nil {
		t.Fatal(err)
	}
	all := func() error {
		reader, err := s.Read([]Chunk{{"u", 1}}, []int{0, 1, 2, 3, 4})
		if err != nil {
			return err
		}
		defer reader.Close()
		for {
			if _, err := reader.Next(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
	if err := all(); err != nil {
		t.Fatal(err)
	}
	for i := len(magic); i < len(whole); i += 3 {
		bad := append([]byte(nil), whole...)
		bad[i] ^= 1
		for _, text := range [][]byte{bad, whole[:i]} {
			if err := os.WriteFile(s.file("u", 1), text, 0o600); err != nil {
				t.Fatal(err)
			}
			if code := fault.CodeOf(all()); code != "spool.damaged" {
				t.Fatalf("byte %d of %d: %q", i, len(whole), code)
			}
		}
	}
	old := append([]byte(nil), whole...)
	old[len(old)-2] = '1'
	if err := os.WriteFile(s.file("u", 1), old, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := all(); fault.CodeOf(err) != "spool.damaged" || !strings.Contains(err.Error(), "another version") {
		t.Errorf("of an earlier version: %v", err)
	}
	if err := os.Remove(s.file("u", 1)); err != nil {
		t.Fatal(err)
	}
	if code := fault.CodeOf(all()); code != "spool.gone" {
		t.Errorf("without the file: %q", code)
	}
}

// TestDraft: what is added in parts comes out in its order; what is not kept leaves
// what was kept before as it is.
func TestDraft(t *testing.T) {
	t.Parallel()
	s, r := Of(filepath.Join(t.TempDir(), "ledger.db"), "run"), rand.New(rand.NewPCG(1, 2))
	want := map[int][]string{}
	d := s.Draft("u", 1)
	for _, n := range []int{700, 0, 1, 400} {
		list := items(r, n)
		for _, i := range list {
			want[i.Part] = append(want[i.Part], string(i.Text))
		}
		if err := d.Add(list); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Keep(); err != nil {
		t.Fatal(err)
	}
	d.Drop()
	lost := s.Draft("u", 1)
	if err := lost.Add(items(r, 5)); err != nil {
		t.Fatal(err)
	}
	lost.Drop()
	lost.Drop()
	for part := range 5 {
		if got := read(t, s, []Chunk{{"u", 1}}, part); fmt.Sprint(got) != fmt.Sprint(want[part]) {
			t.Errorf("part %d: %d items, want %d", part, len(got), len(want[part]))
		}
	}
	if left, err := os.ReadDir(s.dir); err != nil || len(left) != 1 {
		t.Errorf("%v is left (%v)", left, err)
	}
}
