package schema

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Executors returns those for everything around the rows, by kind.
func Executors(open connector.Opener) map[string]unit.Executor {
	statements := marked{open, sendStatements}
	return map[string]unit.Executor{
		"define":   statements,
		"index":    statements,
		"key":      statements,
		"foreign":  statements,
		"view":     statements,
		"analyze":  statements,
		"sequence": marked{open, setSequences},
		"blob":     marked{open, copyBlobs},
	}
}

// spec is the union of what these units carry; From is set when the source is
// read.
type spec struct {
	From       string         `json:"from"`
	To         string         `json:"to"`
	Statements []string       `json:"statements"`
	Sequences  []catalog.Name `json:"sequences"`
	Forward    bool           `json:"forward"`
	OIDs       []uint32       `json:"oids"`
}

// job is what one unit works with: its open transaction and, with From, a
// reader at the run's snapshot.
type job struct {
	unit   unit.Unit
	spec   spec
	load   connector.Transaction
	reader connector.Reader
	report unit.Report
	left   *facts
}

// facts is what a unit leaves behind for those that come later in the run.
type facts struct {
	Snapshot string                    `json:"snapshot,omitempty"` // that the source was read at
	Values   []connector.SequenceValue `json:"values,omitempty"`   // as they were set
}

// marked runs a change in one transaction with one mark.
type marked struct {
	open connector.Opener
	run  func(context.Context, job) error
}

// Do makes the change and its mark. A second time the mark is in the way.
func (m marked) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	j := job{unit: u, report: report, left: &facts{}}
	writer, err := m.writer(ctx, u, &j.spec)
	if err != nil {
		return unit.Result{}, err
	}
	if j.spec.From != "" {
		if j.reader, j.left.Snapshot, err = read(ctx, m.open, j.spec.From, l.Snapshot(j.spec.From)); err != nil {
			return unit.Result{}, err
		}
		defer j.reader.Close()
	}
	report.Progress(unit.Progress{Unit: u.ID, Total: u.Weight, Doing: u.Kind})
	if j.load, err = writer.Begin(ctx, []record.MarkKey{key(u, l)}); err != nil {
		return unit.Result{}, fault.Wrap(err, "begin on %s", j.spec.To)
	}
	defer j.load.Close()
	if err := l.Check(ctx); err != nil {
		return unit.Result{}, err
	}
	report.At(u.Kind + ".begun")
	if err := m.run(ctx, j); err != nil {
		return unit.Result{}, duplicate(fault.Wrap(err, "%s %s", u.Kind, subject(u)), j.spec.To, l)
	}
	if err := j.load.Commit(ctx, []record.Account{{Chunk: 1, Generation: l.Attempt}}); err != nil {
		return unit.Result{}, fault.Wrap(err, "commit on %s", j.spec.To)
	}
	report.At(u.Kind + ".committed")
	return unit.Result{Facts: unit.Body(j.left)}, nil
}

// duplicate says how the rows are found that keep a unique key from being made.
func duplicate(err error, to string, l unit.Lease) error {
	var e *fault.Error
	if !errors.As(err, &e) || e.Code != "data.unique" {
		return err
	}
	line := map[string]string{}
	for _, one := range e.Lines {
		line[one.Label] = one.Text
	}
	schema, table, ok := strings.Cut(line["table"], ".")
	if key := line["key"]; ok && key != "" {
		e.Hint("at %s, SELECT %s, count(*) FROM %s GROUP BY %s HAVING count(*) > 1; names the rows: take the ones away that are too many, then godwit resume %s",
			to, key, catalog.Name{Schema: schema, Object: table}.SQL(), key, l.Name)
	}
	return err
}

// Done reads the mark. Values of sequences are set again instead: the mark
// does not say which they were.
func (m marked) Done(ctx context.Context, u unit.Unit, l unit.Lease) (unit.Effect, error) {
	if u.Kind == "sequence" {
		return unit.Effect{}, nil
	}
	var s spec
	writer, err := m.writer(ctx, u, &s)
	if err != nil {
		return unit.Effect{}, err
	}
	marks, err := writer.Marks(ctx, l.Run)
	if err != nil {
		return unit.Effect{}, fault.Wrap(err, "read marks")
	}
	for _, k := range marks {
		if k.Unit == u.ID {
			return unit.Effect{State: unit.Complete}, nil
		}
	}
	return unit.Effect{}, nil
}

func (m marked) writer(ctx context.Context, u unit.Unit, s *spec) (connector.Writer, error) {
	if err := json.Unmarshal(u.Spec, s); err != nil {
		return nil, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	return connector.Capable[connector.Writer](ctx, m.open, s.To, "be written in marked transactions")
}

func key(u unit.Unit, l unit.Lease) record.MarkKey {
	return record.MarkKey{
		Run: l.Run, Unit: u.ID, Chunk: 1, Generation: l.Attempt, Attempt: l.Attempt,
		Over: u.Kind == "sequence", // values are set again, see Done
	}
}

func subject(u unit.Unit) string {
	if u.Entity != "" {
		return u.Entity
	}
	return u.ID
}

// read joins the step's snapshot of a connection and tells its ID.
func read(ctx context.Context, open connector.Opener, from, name string) (connector.Reader, string, error) {
	snaps, err := connector.Capable[connector.Snapshots](ctx, open, from, "be read at a snapshot")
	if err != nil {
		return nil, "", err
	}
	snap, err := snaps.OpenSnapshot(ctx, name)
	if err != nil {
		return nil, "", fault.Wrap(err, "open snapshot of %s", from)
	}
	reader, err := snap.Read(ctx)
	return reader, snap.ID(), fault.Wrap(err, "read %s at its snapshot", from)
}

// messageBytes is how much SQL goes in one message.
const messageBytes = 64 << 10

// sendStatements sends them in order, many in one message.
func sendStatements(ctx context.Context, j job) error {
	message := ""
	for i, s := range j.spec.Statements {
		message += s + ";\n"
		if len(message) < messageBytes && i < len(j.spec.Statements)-1 {
			continue
		}
		if err := j.load.Exec(ctx, message); err != nil {
			return err
		}
		message = ""
		j.report.Progress(unit.Progress{Unit: j.unit.ID, Done: int64(i + 1), Total: int64(len(j.spec.Statements)), Doing: j.unit.Kind})
	}
	return nil
}

// setSequences brings sequences to their state at the source's snapshot.
func setSequences(ctx context.Context, j job) error {
	values, err := j.reader.Values(ctx, j.spec.Sequences)
	if err != nil {
		return fault.Wrap(err, "read %s", j.spec.From)
	}
	if j.spec.Forward {
		if values, err = j.load.Ahead(ctx, values); err != nil {
			return fault.Wrap(err, "compare with %s", j.spec.To)
		}
	}
	j.left.Values = values
	return fault.Wrap(j.load.SetSequences(ctx, values), "write %s", j.spec.To)
}

// copyBlobs copies large objects, oid by oid.
func copyBlobs(ctx context.Context, j job) error {
	for i, oid := range j.spec.OIDs {
		if err := copyBlob(ctx, j, oid); err != nil {
			return fault.Wrap(err, "large object %d", oid)
		}
		j.report.Progress(unit.Progress{Unit: j.unit.ID, Done: int64(i + 1), Total: int64(len(j.spec.OIDs)), Doing: j.unit.Kind})
	}
	return nil
}

func copyBlob(ctx context.Context, j job, oid uint32) error {
	pr, pw := io.Pipe()
	read := make(chan error, 1)
	go func() {
		_, err := j.reader.Blob(ctx, oid, pw)
		pw.CloseWithError(err)
		read <- err
	}()
	err := j.load.Blob(ctx, oid, pr)
	pr.CloseWithError(io.ErrClosedPipe)
	if rerr := <-read; err == nil { // the session is free again
		err = rerr
	}
	return err
}
