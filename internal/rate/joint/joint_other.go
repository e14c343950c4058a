//go:build !linux

package joint

import (
	"context"
	"time"
)

// Joint is nothing where no locks are known that belong to an open file: each process
// keeps to its own limiter.
type Joint struct{}

// Open gives none.
func Open(string) (*Joint, error) { return nil, nil }

// Close does nothing.
func (*Joint) Close() error { return nil }

// Take takes any place.
func (*Joint) Take(time.Duration, time.Duration) time.Duration { return 0 }

// Sit gives any seat.
func (*Joint) Sit(context.Context, func() int) (int, error) { return 0, nil }

// Leave does nothing.
func (*Joint) Leave(int) {}
