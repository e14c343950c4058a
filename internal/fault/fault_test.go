package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestWrapKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	err := New(Data, "data.unique", "duplicate key: %w", io.ErrUnexpectedEOF).With("table", "%s", "sales.orders").Hint("look at it")
	up := Wrap(fmt.Errorf("chunk 3: %w", Wrap(err, "copy")), "run")
	f := Of(up)
	if f.Kind != Data || f.Code != "data.unique" || len(f.Lines) != 1 || len(f.Next) != 1 {
		t.Errorf("lost on the way up: %+v", f)
	}
	if want := "run: chunk 3: copy: duplicate key: unexpected EOF"; f.Text != want || up.Error() != want {
		t.Errorf("text %q, want %q", f.Text, want)
	}
	if !errors.Is(up, io.ErrUnexpectedEOF) {
		t.Error("the cause is gone")
	}
	if Wrap(nil, "x") != nil {
		t.Error("nil is not nil any more")
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want Kind
	}{
		{nil, ""},
		{errors.New("x"), Internal},
		{context.Canceled, Cancelled},
		{Wrap(context.Canceled, "copy"), Cancelled},
		{context.DeadlineExceeded, Unavailable},
		{errors.Join(New(Denied, "c", "no"), errors.New("y")), Denied},
	} {
		if got := KindOf(c.err); got != c.want {
			t.Errorf("kind of %v: %s, want %s", c.err, got, c.want)
		}
	}
	for k, want := range map[Kind]bool{Unavailable: true, Throttled: true, Conflict: true, Internal: false, Data: false, Config: false, Denied: false} {
		if k.Passing() != want {
			t.Errorf("%s passes by itself: %v", k, !want)
		}
	}
}
