package seen

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestIndex compares the index with a map, in memory and in a file, with
// digests that begin with the same slot among them.
func TestIndex(t *testing.T) {
	for _, most := range []uint64{32 << 20, 64 << 10} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			was := inMemory
			inMemory = most
			t.Cleanup(func() { inMemory = was })
			x, want := NewIndex(), map[Digest]Digest{}
			defer x.Close()
			random := rand.New(rand.NewPCG(1, most))
			digest := func() (d Digest) {
				binary.LittleEndian.PutUint64(d[:8], random.Uint64N(40_000)*0x9E3779B97F4A7C15)
				binary.LittleEndian.PutUint64(d[8:], random.Uint64N(3))
				return d
			}
			for range 150_000 {
				group, value := digest(), digest()
				if group == (Digest{}) {
					continue // the same as 0...01
				}
				was, there := want[group]
				got, known := x.Find(group)
				if there != known || was != got {
					t.Fatalf("%x: %x %t, want %x %t", group, got, known, was, there)
				}
				got, known, err := x.First(group, value)
				if err != nil || there != known || was != got {
					t.Fatalf("%x: first %x %t, want %x %t, %v", group, got, known, was, there, err)
				}
				if !there {
					want[group] = value
				}
			}
			if x.Len() != uint64(len(want)) || x.Len() < 50_000 {
				t.Errorf("%d groups, want %d", x.Len(), len(want))
			}
			if x.mapped != (most < 1<<20) {
				t.Errorf("in a file: %t", x.mapped)
			}
		})
	}
}

// TestSaid: what is kept is what was said.
func TestSaid(t *testing.T) {
	t.Parallel()
	for _, named := range []bool{false, true} {
		s := NewSaid(named)
		a, b := Digest{1}, Digest{2}
		text := func() (string, string) { return "group", "value" }
		s.Add(a, a, text)
		s.Add(a, b, text)
		s.Add(a, a, text)
		var got []string
		kept := s.Bytes()
		if err := Each(kept, named, func(p Pair) error {
			got = append(got, fmt.Sprint(p.Group[0], p.Value[0], " ", p.N, p.Name, p.Text))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		want := []string{"1 1 1", "1 2 1"}
		if named {
			want = []string{"1 1 2groupvalue", "1 2 1groupvalue"}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("named %t (-want +got):\n%s", named, d)
		}
		if err := Each(kept[:len(kept)-1], named, func(Pair) error { return nil }); err == nil {
			t.Errorf("named %t: what is cut off is read", named)
		}
	}
}

// BenchmarkIndex asks for and adds as many groups as GODWIT_GROUPS says, a million
// without it.
func BenchmarkIndex(b *testing.B) {
	n := 1_000_000
	if text := os.Getenv("GODWIT_GROUPS"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	for b.Loop() {
		x := NewIndex()
		random := rand.New(rand.NewPCG(1, 2))
		for range n {
			var d Digest
			binary.LittleEndian.PutUint64(d[:8], random.Uint64())
			x.Find(d)
			if _, _, err := x.First(d, d); err != nil {
				b.Fatal(err)
			}
		}
		x.Close()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.Sys)/(1<<20), "MiB")
}
