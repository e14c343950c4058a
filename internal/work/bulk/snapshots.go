package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// snapshots opens a run's snapshot for its units and notices when it is not
// the one that earlier units read.
type snapshots struct {
	open connector.Opener
	past History
	mu   sync.Mutex
	seen map[string]string // snapshot's name and connection -> its id
	gone map[string]bool   // of which an earlier one was lost
}

// dataFacts is what a unit leaves behind: the point in time it read.
type dataFacts struct {
	Snapshot string `json:"snapshot"`
}

// join returns a reader at the run's snapshot. A new snapshot after a loss is
// told, and refused when the policy is stop.
func (s *snapshots) join(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report, from, policy string) (connector.Reader, string, error) {
	snaps, err := connector.Capable[connector.Snapshots](ctx, s.open, from, "be read at a snapshot")
	if err != nil {
		return nil, "", err
	}
	snap, err := snaps.OpenSnapshot(ctx, l.Snapshot(from))
	if err != nil {
		return nil, "", fault.Wrap(err, "open snapshot of %s", from)
	}
	if err := s.notice(ctx, u, l, report, from, policy, snap); err != nil {
		return nil, "", err
	}
	reader, err := snap.Read(ctx)
	return reader, snap.ID(), fault.Wrap(err, "read %s at its snapshot", from)
}

func (s *snapshots) notice(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report, from, policy string, snap connector.Snapshot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := l.Snapshot(from) + " " + from
	old := s.seen[key]
	if old == snap.ID() {
		return nil
	}
	if old == "" {
		ids, err := s.taken(ctx, u.Step)
		if err != nil {
			return err
		}
		for _, id := range ids {
			s.gone[key] = s.gone[key] || id != snap.ID()
			if id != snap.ID() && id != unknown && id != left {
				old = id
			}
		}
	}
	if old != "" {
		report.Note(unit.SnapshotLost, unit.Snapshot{Connection: from, ID: old, Why: "no session of it is left"})
		if policy == Stop {
			return fault.New(fault.Config, "snapshot.lost", "the snapshot of %s that earlier chunks were read at is lost", from).
				Hint("snapshot_lost: reconcile goes on with a new one and puts right what changed; or run again with --new")
		}
	}
	s.gone[key] = s.gone[key] || old != ""
	report.Note(unit.SnapshotOpened, unit.Snapshot{Connection: from, ID: snap.ID(), At: snap.Position()})
	s.seen[key] = snap.ID()
	return nil
}

// redefined adds to a table's refusal, when its columns are not those that the
// run was planned with, what works then: the run itself cannot go on with it.
func redefined(err error, l unit.Lease) error {
	var e *fault.Error
	if errors.As(err, &e) && e.Code == "source.redefined" {
		e.Hint("godwit cancel %s, then the same command with --new --existing replace", l.Name)
	}
	return err
}

// lost reports whether some rows may be of another snapshot than today's. What
// this process has not read itself yet may be.
func (s *snapshots) lost(l unit.Lease, from string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := l.Snapshot(from) + " " + from
	return s.gone[key] || s.seen[key] == ""
}

// doubt notes that some rows are of a snapshot that is not known.
func (s *snapshots) doubt(l unit.Lease, from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone[l.Snapshot(from)+" "+from] = true
}

// taken lists the snapshots that the step's settled rows were read at.
func (s *snapshots) taken(ctx context.Context, step string) ([]string, error) {
	var ids []string
	for _, kind := range []string{"data", "small"} {
		done, err := s.past.Settled(ctx, step, kind)
		if err != nil {
			return nil, fault.Wrap(err, "look up earlier snapshots")
		}
		for _, d := range done {
			var f dataFacts
			if json.Unmarshal(d.Facts, &f) == nil && f.Snapshot != "" && !slices.Contains(ids, f.Snapshot) {
				ids = append(ids, f.Snapshot)
			}
		}
	}
	return ids, nil
}
