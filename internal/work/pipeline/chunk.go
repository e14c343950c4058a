package pipeline

import (
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/held"
	"godwit/internal/work/pipeline/parents"
	"godwit/internal/work/pipeline/printable"
	"godwit/internal/work/pipeline/stub"
	"godwit/internal/work/pipeline/watermark"
)

// A chunk is closed at the first page behind which reading can begin again,
// once it holds this much. Variables, so that binaries built for tests can cut
// small data into many chunks.
var (
	chunkRecords int64 = 50_000
	chunkBytes   int64 = 64 << 20
)

// chunk is what is written in one transaction of the target.
type chunk struct {
	record.Chunk
	exceptions []record.Exception // rejected and dead records; of a redrive all
	warnings   []record.Warning   // issues of records that were loaded
	load       connector.Transaction
	records    connector.RecordLoad
	aim        held.Aim
	schema     *record.Schema // of the records
	into       []catalog.Into
	since      watermark.Column
	printable  printable.Columns
	step       string
	version    string            // of the mapping
	release    bool              // of records that were counted as read already
	remember   *parents.Remember // nil: States is, too
	stubs      stub.Made
	parents    *parents.Known // nil when the map refers to nothing
	now        time.Time
}

// full reports whether the chunk has to end here.
func (c *chunk) full() bool {
	if s, ok := c.records.(interface{ Full() bool }); ok && s.Full() {
		return true
	}
	return max(c.Account.Read, int64(len(c.exceptions))) >= chunkRecords || c.Account.Bytes >= chunkBytes
}

// take counts what became of a page's records, by their places in it.
func (c *chunk) take(b *batch, became []connector.Became) error {
	for i, m := range b.mapped {
		if err := c.state(m, became[i], b.back[i]); err != nil {
			return err
		}
		if c.release {
			if len(m.Waits) > 0 {
				continue // as if it had not been tried
			}
			c.Account.Pending--
			c.Account.Blocked--
			m.Record.Size = 0 // was counted
		}
		c.Account.Bytes += int64(m.Record.Size)
		switch {
		case m.Record.Older:
			c.Account.Count(record.Superseded, 1)
			c.close(m, record.Superseded)
		case len(m.Waits) > 0:
			c.Account.Pending++
			c.Account.Blocked++
			if err := c.except(c.parents.Waiting(m), record.Pending, nil); err != nil {
				return err
			}
		case m.Filtered != "":
			c.Account.Count(record.Filtered, 1)
			c.close(m, record.Filtered)
		case m.Reject:
			c.Account.Count(record.Rejected, 1)
			if err := c.except(m, record.Rejected, nil); err != nil {
				return err
			}
		default:
			b := became[i]
			c.Account.Count(b.Outcome, 1)
			c.Account.Written += b.Rows
			if b.Outcome == record.Dead {
				if err := c.except(m, record.Dead, b.Refusal); err != nil {
					return err
				}
				continue
			}
			if b.Outcome != record.Pending {
				c.close(m, b.Outcome)
			} else if c.release { // it is spooled, and waits no more: what becomes of it is told anew
				c.close(m, "produced")
			}
			c.warn(m)
		}
	}
	return nil
}

// leftOut reports whether a record was not loaded and is put away.
func leftOut(m *record.Mapped, b connector.Became) bool {
	if len(m.Waits) > 0 || m.Filtered != "" {
		return len(m.Waits) > 0
	}
	return m.Reject || b.Outcome == record.Dead
}

// bad is the number of records that were not loaded for a reason that has to
// be mended.
func bad(a record.Account) int64 { return a.Rejected + a.Dead }

// key names the chunk's mark.
func (c *chunk) key(u unit.Unit, l unit.Lease, unlogged bool) record.MarkKey {
	return record.MarkKey{Run: l.Run, Unit: u.ID, Chunk: c.Number, Generation: l.Attempt, Attempt: l.Attempt, Unlogged: unlogged}
}
