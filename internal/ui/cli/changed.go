package cli

import (
	"context"
	"slices"
	"time"

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

// unrestored reports whether a run that is over has left settings changed, and
// tells which.
func (s *session) unrestored(ctx context.Context, runs *run.Runs, name string) (bool, error) {
	all, err := runs.Guards(ctx)
	all = slices.DeleteFunc(all, func(g run.Guarded) bool {
		return !g.Stale() || !slices.ContainsFunc(g.Holders, func(h unit.Holder) bool { return h.Run == name })
	})
	for _, line := range guards.Lines(all, "", time.Now().In(s.Zone)) {
		s.line("%s is cancelled; %s", name, line)
	}
	return len(all) > 0, err
}
