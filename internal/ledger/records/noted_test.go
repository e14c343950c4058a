package records

import (
	"slices"
	"testing"

	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"

	"github.com/google/go-cmp/cmp"
)

// FuzzNotes: whatever stands in the log is read whole or is told to be damaged; what
// was packed comes back as it was, by key as well, and of each request the last word.
func FuzzNotes(f *testing.F) {
	f.Add([]byte{}, "a", "create", "", uint64(1), byte(0))
	f.Add([]byte{2, 'a', 1, 1, 1}, "a", "create", "x\x00", ^uint64(0), byte(7))
	f.Fuzz(func(t *testing.T, stored []byte, key, call, element string, hash uint64, known byte) {
		list := []calls.Sent{
			{Key: key, Call: call, Element: element, Hash: hash, Answered: known&1 != 0, Gone: known&2 != 0},
			{Key: key + "2", Call: call, Element: element, Hash: hash + 1},
			{Key: key, Call: call, Element: element, Hash: hash ^ 1, Answered: known&1 == 0},
		}
		if known&4 != 0 {
			list[0].Kept, list[2].Kept = record.Object{"id": int64(hash)}, record.Object{}
		}
		packed, err := packNotes(list)
		if err != nil {
			t.Fatal(err)
		}
		list[2].Kept = nil // nothing is kept
		got, err := unpackNotes(packed, nil)
		if d := cmp.Diff(list, got); err != nil || d != "" {
			t.Fatal(err, d)
		}
		got, err = unpackNotes(packed, map[string]bool{key: true})
		if d := cmp.Diff([]calls.Sent{list[0], list[2]}, got); err != nil || d != "" {
			t.Fatal(err, d)
		}
		var last latest
		if err := eachNote(packed, func(n note) error { last.add(n); return nil }); err != nil {
			t.Fatal(err)
		}
		got, err = unpackNotes(last.pack(), nil)
		if d := cmp.Diff([]calls.Sent{list[2], list[1]}, got); err != nil || d != "" {
			t.Fatal(err, d)
		}
		for n := range packed[:len(packed)/3] { // cut off anywhere in the first one
			if got, err := unpackNotes(packed[:n+1], nil); err == nil && len(got) == 0 {
				t.Fatalf("cut at %d nothing is missed", n+1)
			}
		}
		var all []byte
		err = eachNote(stored, func(n note) error {
			all = append(all, n.all...)
			return nil
		})
		if err == nil && !slices.Equal(all, stored) || err != nil && fault.CodeOf(err) != "ledger.damaged" {
			t.Fatalf("%x was read as %x, %v", stored, all, err)
		}
	})
}
