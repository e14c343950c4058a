package record

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The sum of a set of rows does not depend on their order or on how they are
// cut into chunks, and every kind of loss changes it.
func TestSum(t *testing.T) {
	t.Parallel()
	rows := [][]byte{[]byte("a"), []byte("b"), []byte("b"), []byte(""), []byte("long row with more bytes in it")}
	var want Sum
	for _, r := range rows {
		want.Add(r)
	}
	for range 50 {
		mixed := slices.Clone(rows)
		rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		var left, right Sum
		cut := rand.IntN(len(mixed))
		for i, r := range mixed {
			if i < cut {
				left.Add(r)
			} else {
				right.Add(r)
			}
		}
		left.Merge(right)
		if left != want {
			t.Fatalf("cut at %d: %v, want %v", cut, left, want)
		}
	}
	for name, other := range map[string][][]byte{
		"lost":          rows[1:],
		"doubled":       append(slices.Clone(rows), rows[0]),
		"pair vanished": {rows[0], rows[3], rows[4]},
		"changed":       {[]byte("A"), rows[1], rows[2], rows[3], rows[4]},
		"swapped twins": {rows[0], rows[0], rows[1], rows[3], rows[4]},
	} {
		var got Sum
		for _, r := range other {
			got.Add(r)
		}
		if got.Equal(want) {
			t.Errorf("%s: the sum is the same", name)
		}
	}
	back, err := SumOf(want.Rows, want.Bytes, want.Hash())
	if err != nil || back != want {
		t.Errorf("stored and read: %v, %v; want %v", back, err, want)
	}
	if _, err := SumOf(1, 1, []byte("short")); err == nil {
		t.Error("a short hash is taken")
	}
}

func TestAccountCloses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a    Account
		want bool
	}{
		"nothing":          {Account{}, true},
		"applied":          {Account{Read: 5, Applied: 5}, true},
		"one lost":         {Account{Read: 5, Applied: 4}, false},
		"one too many":     {Account{Read: 5, Applied: 6}, false},
		"every outcome":    {Account{Read: 7, Applied: 1, Equal: 1, Superseded: 1, Redelivered: 1, Filtered: 1, Rejected: 1, Dead: 1}, true},
		"pending":          {Account{Read: 2, Applied: 1, Pending: 1}, false},
		"blocked behind":   {Account{Read: 3, Applied: 1, Dead: 1, Pending: 1, Blocked: 1}, true},
		"written is aside": {Account{Read: 1, Applied: 1, Written: 18}, true},
	} {
		if got := c.a.Closes(); got != c.want {
			t.Errorf("%s: closes %v, want %v", name, got, c.want)
		}
	}
	sum := Account{Read: 1, Applied: 1}.Plus(Account{Read: 2, Dead: 1, Pending: 1, Blocked: 1})
	if !sum.Closes() || sum.Read != 3 {
		t.Errorf("sum %+v", sum)
	}
}
