package issues

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
)

// page is how many issues are written by one statement.
const page = 1000

// Keep brings the project's table of issues up to what the ledger knows of the
// flow of a run: all its runs that are not there yet, so that what a process could
// not write the next one does. Of a redrive origin is the run that it is of. It
// returns how many rows it wrote, and may be called twice. A fault has code
// issues.unwritten: nothing in the ledger depends on the table.
func Keep(ctx context.Context, l *ledger.Ledger, origin int64, to flow.IssueTable, open connector.Opener, at func(point string)) (n int, err error) {
	table, err := catalog.ParseName(to.Table)
	if err == nil {
		n, err = (&keeping{l, to.At, table, open, at}).all(ctx, origin)
	}
	if err != nil {
		f := fault.Of(err)
		e := fault.New(fault.Unavailable, "issues.unwritten", "issues could not be written to %s on %s: %s [%s]", to.Table, to.At, f.Text, f.Code)
		e.Lines, e.Next = f.Lines, append(f.Next, "the next run writes them, or godwit issues write RUN")
		return n, e
	}
	return n, nil
}

// keeping is a table that is brought up to date.
type keeping struct {
	ledger *ledger.Ledger
	to     string
	table  catalog.Name
	open   connector.Opener
	at     func(point string)
}

func (k *keeping) all(ctx context.Context, origin int64) (n int, err error) {
	runs, asOf, err := k.ledger.View().Exceptions().Unpublished(ctx, origin)
	if err != nil || len(runs) == 0 {
		return 0, err
	}
	target, err := connector.Capable[connector.IssueKeeper](ctx, k.open, k.to, "keep a table of issues")
	if err != nil {
		return 0, err
	}
	if err := target.KeepIssues(ctx, k.table, asOf, nil); err != nil { // made also when there are none
		return 0, err
	}
	for _, run := range runs {
		wrote, err := k.of(ctx, run, asOf, target)
		if n += wrote; err != nil {
			return n, err
		}
		k.at("issues.written")
		err = k.ledger.Let(ctx, "note what is written", func(change ledger.Change) error { return change(exception.PublishedTo, run, asOf) })
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// of writes the issues of one run's records, as they are now.
func (k *keeping) of(ctx context.Context, run, asOf int64, target connector.IssueKeeper) (n int, err error) {
	look := k.ledger.View().Exceptions()
	for after, more := int64(0), true; more; more = after != 0 {
		var ids []int64
		if ids, after, err = look.Concerned(ctx, run, after, page); err != nil {
			return n, err
		}
		slices.Sort(ids)
		for part := range slices.Chunk(slices.Compact(ids), page) {
			found, err := look.Publish(ctx, part)
			if err != nil {
				return n, err
			}
			rows := make([]connector.IssueRow, 0, len(found))
			for _, f := range found {
				rows = append(rows, row(f))
			}
			if err := target.KeepIssues(ctx, k.table, asOf, rows); err != nil {
				return n, err
			}
			n += len(rows)
			k.at("issues.page")
		}
	}
	return n, nil
}

func row(p exception.Published) connector.IssueRow {
	status := p.State
	if status == exception.Closed {
		status = "fixed"
	}
	return connector.IssueRow{
		ID: name(p), Flow: p.Flow, Env: p.Env, Step: p.Step, Entity: p.Entity, Key: p.Key, Rule: p.Rule, Field: p.Field, Value: p.Value,
		Severity: p.Severity, Text: p.Text, Hint: p.Hint, Owner: p.Owner, Status: status, First: p.First, Last: p.Last, Times: p.Times, Run: p.Run,
	}
}

// name is an issue's, the same in all runs: an issue without a key has its value
// in it.
func name(p exception.Published) string {
	parts := []string{p.Flow, p.Env, p.Node, p.Step, p.Entity, p.Key, p.Rule, p.Field, ""}
	if p.Key == "" {
		parts[len(parts)-1] = p.Value
	}
	if p.Inputs != "" { // rows of flows without any keep their names
		parts = append(parts, p.Inputs)
	}
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(part, "\x00", "\x00\x00")
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00-")))
	return hex.EncodeToString(sum[:16])
}
