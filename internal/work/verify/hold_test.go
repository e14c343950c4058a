package verify_test

import (
	"context"
	"sync"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres"

	"github.com/google/go-cmp/cmp"
)

// holds is an endpoint that notes how many tables were held at once.
type holds struct {
	*postgres.Endpoint
	mu   sync.Mutex
	seen []int
}

type heldSnapshot struct {
	connector.Snapshot
	of *holds
}

type heldReader struct {
	connector.Reader
	of *holds
}

func (h *holds) OpenSnapshot(ctx context.Context, name string) (connector.Snapshot, error) {
	s, err := h.Endpoint.OpenSnapshot(ctx, name)
	return heldSnapshot{s, h}, err
}

func (s heldSnapshot) Read(ctx context.Context) (connector.Reader, error) {
	r, err := s.Snapshot.Read(ctx)
	return heldReader{r, s.of}, err
}

func (r heldReader) Hold(ctx context.Context, chunks []catalog.Chunk) error {
	r.of.mu.Lock()
	r.of.seen = append(r.of.seen, len(chunks))
	r.of.mu.Unlock()
	return r.Reader.(interface {
		Hold(ctx context.Context, chunks []catalog.Chunk) error
	}).Hold(ctx, chunks)
}

// Small tables are looked at all at once, of each side those that are read.
func TestHeldAtOnce(t *testing.T) {
	t.Parallel()
	from, to := pairOfShops(t)
	left := &holds{Endpoint: open(t, "from", from).(*postgres.Endpoint)}
	right := &holds{Endpoint: open(t, "to", to).(*postgres.Endpoint)}
	p, codes := verified(t, left, right)
	if len(codes) > 0 || len(p.proofs) < 3 {
		t.Errorf("%v, %v", codes, p.proofs)
	}
	if diff := cmp.Diff([][]int{{3, 3}, {3, 3}}, [][]int{left.seen, right.seen}); diff != "" { // it is looked twice
		t.Errorf("tables held at once (-want +got):\n%s", diff)
	}
}
