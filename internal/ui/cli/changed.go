package cli

import (
	"context"
	"slices"
	"time"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/ui/cli/guards"
	"godwit/internal/unit"
)

// changed tells, beside a command's answer, which settings are changed and not put
// back; those that a run itself puts back are left out.
func (s *session) changed(ctx context.Context, runs *run.Runs, but string) error {
	all, err := runs.Guards(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	if s.json {
		s.events().Value("settings", map[string]any{"settings": guards.Values(all)})
		return s.stream.Err()
	}
	for _, line := range guards.Lines(all, but, time.Now().In(s.Zone)) {
		s.line("%s", line)
	}
	return nil
}

// left are the settings that a run which is over has left changed.
func left(ctx context.Context, runs *run.Runs, name string) ([]run.Guarded, error) {
	all, err := runs.Guards(ctx)
	return slices.DeleteFunc(all, func(g run.Guarded) bool {
		return !g.Stale() || !slices.ContainsFunc(g.Holders, func(h unit.Holder) bool { return h.Run == name })
	}), err
}

// unrestored puts back what a run that is cancelled has left changed, once more, and
// reports whether something of it still is; it tells which.
func (s *session) unrestored(ctx context.Context, runs *run.Runs, b *flow.Bound, name string) (bool, error) {
	all, err := left(ctx, runs, name)
	for _, g := range all {
		told, _, err := runs.RestoreGuard(ctx, g.ID, b, actor(), name+" is cancelled")
		if err != nil {
			s.line("setting %s of %s could not be put back: %v", g.Key.Name, g.Key.At, err)
		}
		for _, t := range told {
			s.line("%s", t.Text)
		}
	}
	if err != nil || len(all) == 0 {
		return false, err
	}
	all, err = left(ctx, runs, name)
	for _, line := range guards.Lines(all, "", time.Now().In(s.Zone)) {
		s.line("%s is cancelled; %s", name, line)
	}
	return len(all) > 0, err
}
