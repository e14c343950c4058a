package call

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"godwit/internal/unit/calls"
)

// TestOrder: whatever waits and however long, a group's records come in their order
// and one at a time.
func TestOrder(t *testing.T) {
	t.Parallel()
	r, o := rand.New(rand.NewPCG(3, 4)), newOrder()
	const n = 20_000
	next, last, busy := 0, map[string]int64{}, map[*task]bool{}
	now := time.Now()
	for done := 0; done < n; {
		for next < n && o.items < 200 {
			i := &calls.Item{Seq: int64(next), Key: fmt.Sprint(next), Size: 1}
			if g := r.IntN(40); g > 0 {
				i.Group = fmt.Sprint(g)
			}
			o.add(&task{Item: i})
			next++
		}
		now = now.Add(time.Millisecond)
		o.wake(now)
		for len(busy) < 16 {
			k := o.next()
			if k == nil {
				break
			}
			for other := range busy {
				if other.Group != "" && other.Group == k.Group {
					t.Fatalf("two of group %s at a time", k.Group)
				}
			}
			busy[k] = true
		}
		for k := range busy {
			delete(busy, k)
			if r.IntN(10) == 0 {
				o.delay(k, now.Add(time.Duration(r.IntN(20))*time.Millisecond))
				break
			}
			if was, there := last[k.Group]; k.Group != "" && there && was > k.Seq {
				t.Fatalf("group %s: %d behind %d", k.Group, k.Seq, was)
			}
			last[k.Group] = k.Seq
			o.done(k)
			done++
			break
		}
	}
	if o.items != 0 || o.bytes != 0 || len(o.groups) != 0 {
		t.Errorf("%d items, %d bytes, %d groups are left", o.items, o.bytes, len(o.groups))
	}
}

// TestPlace: ranges say what a list of all numbers says, and stay as few as they may.
func TestPlace(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		var p position
		is := map[int64]bool{}
		for _, n := range r.Perm(60)[:r.IntN(61)] {
			p.add(int64(n))
			is[int64(n)] = true
		}
		ranges := 0
		for n := int64(0); n <= 61; n++ {
			if p.has(n) != is[n] {
				t.Fatalf("%d: %v, want %v of %v", n, p.has(n), is[n], p.Done)
			}
			if is[n] && !is[n-1] {
				ranges++
			}
		}
		if len(p.Done) != 2*ranges {
			t.Fatalf("%v are not %d ranges", p.Done, ranges)
		}
	}
}
