package ledgertest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/watermark"
)

// watermarks: the run that notes last decides, each step, source and target has
// its own, and a late writer is refused.
func watermarks(t *testing.T, l *ledger.Ledger) {
	ctx := context.Background()
	mark := func(high string) catalog.Watermark {
		return catalog.Watermark{Step: step, Source: "a", Target: "b", Meaning: map[string]string{"the map": "1"}, High: json.RawMessage(high)}
	}
	one := begin(t, l, "copy/watermark/all/1")
	u := one.loads("copy/watermark/all/1", 1)
	of := func(source string) *catalog.Watermark {
		t.Helper()
		w, err := watermark.Of(ctx, l.View().Reader(), one.run.Flow, step, source, "b")
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	if w := of("a"); w != nil {
		t.Errorf("before anything was noted: %+v", w)
	}
	for _, high := range []string{"9", "7"} { // the later word counts, not the higher one
		if err := u.session.Advance(ctx, u.id, u.fence, mark(high)); err != nil {
			t.Fatal(err)
		}
	}
	want := mark("7")
	want.Run = one.run.Name()
	if diff := cmp.Diff(&want, of("a")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if w := of("other"); w != nil {
		t.Errorf("of another source: %+v", w)
	}
	u.fails(u.fence+1, mark("8"))
	if diff := cmp.Diff(&want, of("a")); diff != "" {
		t.Errorf("after a late writer: -want +got:\n%s", diff)
	}
}

func (u *loading) fails(fence int64, w catalog.Watermark) {
	u.Helper()
	if err := u.session.Advance(context.Background(), u.id, fence, w); fault.CodeOf(err) != "unit.fenced" {
		u.Errorf("%v, want unit.fenced", err)
	}
}
