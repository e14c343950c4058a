package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger/lease"
	"godwit/internal/unit"
)

// States of a run. Ended runs have an outcome; a failed or stopped one runs
// again after it is resumed.
const (
	Running    = "running" // also of a unit
	Paused     = "paused"
	Cancelling = "cancelling"
	Ended      = "ended"
)

// Run is one execution of a flow as the ledger has it.
type Run struct {
	ID         int64
	UID        string // 32 hex digits, unique over all ledgers
	Flow       string
	N          int
	Parent     int64 // run and node that started this one, 0 = none
	ParentNode string
	State      string
	Outcome    string // done, failed, stopped, cancelled; empty until it ended
	Exit       int
	Env        string
	Key        string
	PlanHash   string
	Plan       json.RawMessage
	Revision   int64 // rises whenever people or the run itself change its state
	Token      int64 // rises with every owner
	Owner      string
	LeaseUntil time.Time // zero: no owner; long ago: one of before the machine's last start
	Opened     time.Time
	Ended      time.Time
	Report     json.RawMessage // frozen at the end
}

// Name is what people call the run: FLOW-N.
func (r Run) Name() string { return r.Flow + "-" + strconv.Itoa(r.N) }

// NewRun is what a run starts with. A key that is not empty may belong to one
// open run of the flow only. Body is that of run.started.
type NewRun struct {
	Flow       string
	Env        string
	Inputs     string // of the flow, as one text: the same for the same ones
	Key        string
	PlanHash   string
	Plan       json.RawMessage
	Body       json.RawMessage
	Actor      string
	Fresh      bool  // take the key over from an unfinished run, which is gone on with by its name then
	Parent     int64 // run and unit of it that start this one
	ParentNode string
}

// Start opens the flow's next run and writes run.started. When a run of this
// key is open the fault has kind conflict, code run.open, and names it.
func (l *Ledger) Start(ctx context.Context, r NewRun) (Run, error) {
	var uid [16]byte
	if _, err := rand.Read(uid[:]); err != nil {
		return Run{}, fault.New(fault.Internal, "ledger.random", "start %s: %w", r.Flow, err)
	}
	var started Run
	err := l.write(ctx, func(tx *tx) error {
		if r.Fresh {
			if err := tx.change(giveUpKey, r.Flow, r.Key); err != nil {
				return err
			}
		}
		if err := refuseOpen(tx, r.Flow, r.Key, 0); err != nil {
			return err
		}
		if _, err := tx.exec(insertRun, hex.EncodeToString(uid[:]), r.Flow, r.Flow, r.Parent, r.ParentNode, Running, r.Env, r.Inputs, r.Key,
			r.PlanHash, string(r.Plan), millis(tx.now)); err != nil {
			return err
		}
		rows, err := tx.query(selectRun+" WHERE uid = ?", hex.EncodeToString(uid[:]))
		runs, err := collect(rows, err, scanRun)
		if err != nil {
			return err
		}
		started = runs[0]
		_, err = tx.journal(started.ID, []unit.Event{{Kind: unit.RunStarted, Actor: r.Actor, Body: r.Body}})
		return err
	}, nil)
	return started, fault.Wrap(err, "start %s", r.Flow)
}

func refuseOpen(tx *tx, flow, key string, but int64) error {
	var n int
	err := tx.row(selectOpen, []any{flow, key, but}, &n)
	if key == "" || errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	name := Run{Flow: flow, N: n}.Name()
	return fault.New(fault.Conflict, "run.open", "%s has the same flow, inputs and environment and is not finished", name).
		Hint("godwit resume %s", name)
}

// Unfinished finds the newest run of a flow and key and reports whether it is
// to be gone on with: it has not ended, or ended failed or stopped.
func (l *Ledger) Unfinished(ctx context.Context, flow, key string) (Run, bool, error) {
	runs, err := l.view.runs(ctx, " WHERE flow = ? AND key = ? ORDER BY n DESC LIMIT 1", flow, key)
	if err != nil || len(runs) == 0 {
		return Run{}, false, err
	}
	switch r := runs[0]; r.Outcome {
	case "done", "cancelled", "skipped":
		return Run{}, false, nil
	default:
		return r, true, nil
	}
}

// Find returns the run of a name (copy-1). The fault of an unknown one has
// code run.unknown and names those that are there.
func (l *Ledger) Find(ctx context.Context, ref string) (Run, error) { return l.view.Find(ctx, ref) }

// Runs returns the newest runs, newest first; limit 0 is all.
func (l *Ledger) Runs(ctx context.Context, limit int) ([]Run, error) { return l.view.Runs(ctx, limit) }

// Find returns the run of a name, see Ledger.Find.
func (v *View) Find(ctx context.Context, ref string) (Run, error) {
	if i := strings.LastIndexByte(ref, '-'); i > 0 {
		if n, err := strconv.Atoi(ref[i+1:]); err == nil {
			runs, err := v.runs(ctx, " WHERE flow = ? AND n = ?", ref[:i], n)
			if err != nil {
				return Run{}, err
			}
			if len(runs) == 1 {
				return runs[0], nil
			}
		}
	}
	return Run{}, v.unknown(ctx, ref)
}

// unknown names the runs of the same flow, else the newest ones.
func (v *View) unknown(ctx context.Context, ref string) error {
	flow, _, _ := strings.Cut(ref, "-")
	near, err := v.runs(ctx, " WHERE flow = ? OR flow LIKE ? ORDER BY id DESC LIMIT 5", ref, flow+"%")
	if err == nil && len(near) == 0 {
		near, err = v.Runs(ctx, 5)
	}
	if err != nil {
		return err
	}
	e := fault.New(fault.Config, "run.unknown", "there is no run %q in ledger %s", ref, v.ledger.path)
	if len(near) == 0 {
		return e.Hint("the ledger has no runs yet; name another with --ledger")
	}
	var names []string
	for _, r := range near {
		names = append(names, r.Name())
	}
	return e.With("runs", "%s", strings.Join(names, ", ")).Hint("godwit runs")
}

// Runs returns the newest runs, newest first; limit 0 is all.
func (v *View) Runs(ctx context.Context, limit int) ([]Run, error) {
	return v.runs(ctx, " ORDER BY id DESC LIMIT ?", atMost(limit))
}

// CountRuns is how many there are.
func (v *View) CountRuns(ctx context.Context) (n int64, err error) {
	_, err = read(ctx, v, func(s scanner) (int64, error) { return 0, s.Scan(&n) }, `SELECT count(*) FROM run`)
	return n, err
}

func (v *View) runs(ctx context.Context, where string, args ...any) ([]Run, error) {
	return read(ctx, v, scanRun, selectRun+where, args...)
}

func scanRun(s scanner) (Run, error) {
	var r Run
	var plan, report, boot string
	var until, opened, ended int64
	err := s.Scan(&r.ID, &r.UID, &r.Flow, &r.N, &r.Parent, &r.ParentNode, &r.State, &r.Outcome, &r.Exit, &r.Env, &r.Key,
		&r.PlanHash, &plan, &r.Revision, &r.Token, &r.Owner, &boot, &until, &opened, &ended, &report)
	r.Plan, r.Report = text(plan), text(report)
	if r.LeaseUntil = lease.End(boot, until); until != 0 && r.LeaseUntil.IsZero() {
		r.LeaseUntil = time.Unix(0, 0).UTC()
	}
	r.Opened, r.Ended = clock(opened), clock(ended)
	return r, err
}

// text is stored JSON; none is nil.
func text(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}
