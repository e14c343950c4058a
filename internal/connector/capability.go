package connector

import (
	"context"
	"io"
	"iter"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// Inspector looks at what a system holds. It takes no lock beyond reading and
// changes nothing.
type Inspector interface {
	Inspect(context.Context, catalog.Selection) (*catalog.Database, error)
}

// Counter counts the rows that tables hold themselves or in partitions, now.
type Counter interface {
	Count(ctx context.Context, tables []catalog.Name) (map[catalog.Name]int64, error)
}

// Definer writes the definitions of a selection, as of a snapshot ("" = now).
// Their order works when they are applied one after the other.
type Definer interface {
	Definitions(ctx context.Context, snapshot string, sel catalog.Selection, db *catalog.Database) ([]catalog.Definition, error)
}

// Clearer computes the statements that make room at a target by a policy
// (truncate, replace), as definitions whose SQL is to be run before all
// others. Nothing is changed. An object that is not selected but depends on a
// selected one is a fault of kind config, code target.depended. What the
// selection only needs, and others use, is kept: it is not to be made again.
type Clearer interface {
	Clearing(ctx context.Context, policy string, sel catalog.Selection, source, target *catalog.Database) (
		list []catalog.Definition, kept []catalog.Object, err error)
}

// Snapshots gives points in time at which several sessions read the same.
type Snapshots interface {
	// OpenSnapshot returns the snapshot of that name. While any session of it
	// lives it is the same one (the same ID), also after its keeper was lost;
	// when none does, a new one is taken. It lives until CloseSnapshot or the
	// endpoint's Close.
	OpenSnapshot(ctx context.Context, name string) (Snapshot, error)
	CloseSnapshot(name string)
	// OnLoss sets what is told, by its name, of each snapshot that was lost and
	// cannot be had again: its successor sees other rows. It is told before that
	// one can be had, and may block.
	OnLoss(func(name string))
}

// Snapshot is one point in time. Safe for concurrent use.
type Snapshot interface {
	// ID is the same for two snapshots only if they see the same rows: a source
	// to which nothing is written keeps it.
	ID() string
	// Position is the place in the source's log where it was taken.
	Position() string
	// Export returns an identifier that another program can import while this
	// snapshot lives.
	Export(context.Context) (string, error)
	// Read opens a session at this point in time. When none can be had any
	// more the fault has code snapshot.lost.
	Read(context.Context) (Reader, error)
}

// Reader is a session at a snapshot. Not safe for concurrent use; Close gives
// the session back and may be called twice.
type Reader interface {
	// CopyOut writes the chunk's rows to w as the wire's CopyData frames and
	// returns their sum, rows counted by the server. Before it reads it holds
	// the table's lock and compares its file node with the one that the
	// snapshot noted (another one: code source.changed) and its columns with
	// the chunk's shape (source.redefined), both of kind data. w may implement
	// io.ReaderFrom.
	CopyOut(ctx context.Context, c catalog.Chunk, w io.Writer) (record.Sum, error)
	// Buckets sums the rows of a part by bucket of its key's hash.
	Buckets(context.Context, Part) ([]Bucket, error)
	// Inspect is the Inspector's, as of this point in time.
	Inspect(context.Context, catalog.Selection) (*catalog.Database, error)
	// Rows gives the rows of some buckets, in no particular order.
	Rows(ctx context.Context, p Part, buckets []int) iter.Seq2[Row, error]
	// Values reads sequences: last value and whether it was used, as of now or,
	// where that is further, as of when this point in time was inspected.
	Values(context.Context, []catalog.Name) ([]SequenceValue, error)
	// Blob reads one large object into w.
	Blob(ctx context.Context, oid uint32, w io.Writer) (int64, error)
	Close() error
}

// Part is a table, divided by the hash of its key into Of buckets; without a
// key by the hash of the whole row. The same row falls into the same bucket
// on both sides.
type Part struct {
	Table   catalog.Name
	Columns []string
	Key     []string
	Of      int
}

// Bucket is the sum of a bucket's rows. Hash is only comparable with that of
// another Bucket of the same Part.
type Bucket struct {
	N    int
	Rows int64
	Hash string
}

// Row is one row as text, under fixed session settings; nil is NULL.
type Row struct {
	Key    []*string
	Values []*string // by Part.Columns
}

// Orphans are rows of a table that refer to none of another.
type Orphans struct {
	Key       string // the foreign key's name
	Table, Of catalog.Name
	Rows      int64
	Keys      []string // the first few: column=value
}

// SequenceValue is a sequence's state.
type SequenceValue struct {
	Name   catalog.Name
	Last   int64
	Called bool
}

// Writer gives transactions that carry marks.
type Writer interface {
	// Begin opens a transaction and first of all inserts the marks; a mark
	// that another session is just inserting makes it wait, one that is there
	// is a fault of kind conflict, code mark.exists. Marks of other runs are
	// not touched.
	Begin(ctx context.Context, marks []record.MarkKey) (Transaction, error)
	// Marks reads all marks of a run. No mark table is no marks.
	Marks(ctx context.Context, run string) ([]record.Mark, error)
	// DropMarks deletes the run's marks, of one step ("" = of all), and the
	// table when it is empty. Once it may write it asks whether it still is to
	// (nil = it is): a doubt about the target may have come before.
	DropMarks(ctx context.Context, run, step string, held func(context.Context) error) error
}

// Truster is a Writer that notices when it may have lost what was committed: by
// a crash, a fail-over, a restore.
type Truster interface {
	// Guard makes Begin and DropMarks wait, and after a while fail (unavailable,
	// target.doubted), until Trust is called, now and after every doubt to come.
	// The function is told of each, in a goroutine of its own.
	Guard(func())
	// Doubt rises with every session that was lost and every server that was
	// started or changed.
	Doubt() int64
	// Trust ends the doubts up to the one that was asked for before the marks
	// were read.
	Trust(doubt int64)
}

// Keeper is a Writer that tells whose marks it keeps: of runs that have not
// ended, wherever their ledgers are.
type Keeper interface {
	// Kept lists the units that have marks, by run and unit.
	Kept(ctx context.Context) ([]Kept, error)
}

// Kept is what the marks of one unit come to.
type Kept struct {
	Run  string
	Unit string
	Rows int64 // applied
	Last time.Time
}

// Evicter is a Writer that can end what an earlier owner of a run left open.
type Evicter interface {
	// Evict ends the sessions whose transactions carry marks of the run and
	// returns how many. The caller has none yet.
	Evict(ctx context.Context, run string) (int, error)
}

// Transaction is an open one with marks. Not safe for concurrent use.
type Transaction interface {
	// CopyIn reads CopyData frames from r into the chunk's table and returns
	// the number of rows the server took. r may implement io.WriterTo.
	CopyIn(ctx context.Context, c catalog.Chunk, r io.Reader) (int64, error)
	// Exec runs statements. Those that copied rows must not meet (triggers,
	// foreign keys) are off where the session may do so.
	Exec(ctx context.Context, sql string) error
	// Fires names what deleting rows of a table and putting them in again would
	// set off in this session: triggers, rules, actions of foreign keys.
	Fires(ctx context.Context, table catalog.Name) ([]string, error)
	// Empty deletes the rows of a table; with buckets only theirs.
	Empty(ctx context.Context, p Part, buckets []int) error
	// Count counts the rows of the table itself, inside the transaction.
	Count(ctx context.Context, table catalog.Name) (int64, error)
	// Blob creates or replaces a large object with the content of r.
	Blob(ctx context.Context, oid uint32, r io.Reader) error
	// Orphans finds rows past the foreign keys that touch some tables, where
	// this session's rows are not held to them.
	Orphans(ctx context.Context, tables []catalog.Name) ([]Orphans, error)
	// Ahead gives the values, or those that sequences are at already where that
	// is further in the direction that they count in.
	Ahead(ctx context.Context, values []SequenceValue) ([]SequenceValue, error)
	// SetSequences gives sequences their values; one that is not there is a fault.
	SetSequences(ctx context.Context, values []SequenceValue) error
	// Commit fills in the marks from the accounts (by chunk and generation)
	// and commits, synchronously. After an error it is not known whether it
	// took effect: ask Marks.
	Commit(ctx context.Context, accounts []record.Account) error
	// Close rolls back what was not committed. It may be called twice.
	Close() error
}

// Severities of findings.
const (
	Blocks = "blocks"
	Warns  = "warns"
	Passes = "ok"
)

// Finding is one thing a connection's examination found.
type Finding struct {
	Severity string   `json:"severity"`
	Code     string   `json:"code"`
	Object   string   `json:"object,omitempty"`
	Text     string   `json:"text"`
	Fixes    []string `json:"fixes,omitempty"` // statements for that system
	Or       []string `json:"or,omitempty"`    // other ways out, in words
}

// Examiner finds what would stop a copy: rights, settings, versions, missing
// roles and extensions. It changes nothing. Role is "source" or "target".
type Examiner interface {
	Examine(ctx context.Context, role string, facts catalog.Facts) ([]Finding, error)
}

// Waiter tells what a session waits for: the sessions labelled with label.
type Waiter interface {
	Waits(ctx context.Context, label string) ([]Wait, error)
}

// Wait is one reason why a session stands still, as the server tells it.
type Wait struct {
	Gate      string // lock, server, reading, writing; working: it waits for nothing
	Text      string
	Since     time.Time
	Holder    string
	Statement string
	Fix       []string
}
