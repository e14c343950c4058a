package local_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"godwit/internal/control/engine"
	"godwit/internal/control/engine/enginetest"
	"godwit/internal/control/engine/local"
	"godwit/internal/control/plan"
)

func TestEngine(t *testing.T) {
	t.Parallel()
	enginetest.Run(t, func(ctx context.Context, s *engine.Session, stop <-chan struct{}) (plan.Turn, bool, error) {
		turn, err := local.Run(ctx, s, local.Options{Stop: stop, Poll: 5 * time.Millisecond})
		if errors.Is(err, local.ErrStopped) {
			return turn, true, nil
		}
		return turn, false, err
	})
}
