package connector

import (
	"context"
	"io"
	"maps"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// SinceName is what a query's text calls the value that an incremental read
// begins with.
const SinceName = "since"

// Bound are the values by the names that a query's text may hold.
func Bound(q Query) (map[string]any, error) {
	if q.Since == nil {
		return q.Args, nil
	}
	args := map[string]any{SinceName: nil}
	maps.Copy(args, q.Args)
	if q.Since.From == nil {
		return args, nil
	}
	from, err := record.DecodeValue(q.Since.From)
	if err != nil {
		return nil, fault.New(fault.Internal, "query.position", "since: %w", err)
	}
	args[SinceName] = from
	return args, nil
}

// NoSince is the fault of a column that no record of a query has.
func NoSince(column string) error {
	return fault.New(fault.Config, "query.invalid", "since: the query has no column %q", column)
}

// The words of both sides, as the seam uses them.
type (
	Query        = catalog.Query
	Into         = catalog.Into
	TargetTable  = catalog.TargetTable
	TargetColumn = catalog.TargetColumn
)

// RecordSource is an endpoint that is read record by record.
type RecordSource interface {
	// Describe gives the fields that a query returns; nothing is read. A query
	// that the system refuses is a fault of kind config, code query.invalid,
	// with its words and position.
	Describe(ctx context.Context, q Query) (*record.Schema, error)
	// Key gives the columns that tell the records of a query apart, as far as
	// the system knows: the key of its table.
	Key(ctx context.Context, q Query) ([]string, error)
	// Split cuts a query into at most n ranges of about the same size, in the
	// order of the key, that tile it. One range (the query itself) is always
	// right.
	Split(ctx context.Context, q Query, n int) ([]Query, error)
	// ReadRecords opens a session that reads the query in the order of its
	// key, at the snapshot of that name if the system has such ("" = now), and
	// from one point in time in any case.
	ReadRecords(ctx context.Context, q Query, snapshot string) (RecordReader, error)
}

// Objects is a RecordSource whose records lie in files, not in tables.
type Objects interface{ HoldsObjects() }

// ObjectOpener is an endpoint whose files are read as they are.
type ObjectOpener interface {
	// OpenObject opens a file by its name; without one the fault has code
	// object.unknown, of kind data.
	OpenObject(ctx context.Context, name string) (io.ReadCloser, error)
}

// Requests is a RecordSource whose records are asked for by requests.
type Requests interface{ TakesRequests() }

// RecordReader gives records page by page. Not safe for concurrent use; Close
// may be called twice, and before the end.
type RecordReader interface {
	Schema() *record.Schema
	// Next returns the next page, at most about 1,000 records or 4 MiB (never
	// less than one record), or io.EOF. Page.After is set where the key's last
	// value is not null and no later record has the same one, and only then
	// can reading begin behind it. The page is the caller's.
	Next(ctx context.Context) (*record.Page, error)
	// Count is the source's own count of the records given out so far: it is
	// not made by counting them here.
	Count() int64
	Close() error
}

// PointInTime is a RecordReader that knows at which point in time it reads: two
// that say the same see the same rows.
type PointInTime interface{ At() string }

// Unread is a RecordReader that leaves documents to whoever maps its records,
// who knows what is wanted of them, and may do so in several goroutines: asked
// before the first Next, slots may hold record.JSON in place of a value.
type Unread interface{ LeaveJSON() }

// Modes of writing records.
const (
	ModeAppend  = "append"
	ModeMerge   = "merge"
	ModeReplace = "replace"
)

// Became is what a target did with one record.
type Became struct {
	Outcome record.Outcome  // Applied, Equal, Superseded or Dead
	Rows    int64           // written: inserted, updated or deleted, of all its tables
	Refusal *record.Refusal // with Dead
}

// RecordLoad is the part of a Transaction that takes records.
type RecordLoad interface {
	// WriteRecords writes the rows of records, in their order, and tells what
	// became of each: a record is written with all its rows or not at all. Of
	// two records with the same key the later one counts. What
	// the server refuses about single records is Dead; the error is for all of
	// them, and the load is of no more use then. Counts come from the server.
	WriteRecords(ctx context.Context, mode string, into []Into, page []record.Mapped) ([]Became, error)
}

// RowReader is a RecordLoad that reads rows which it has written.
type RowReader interface {
	// ReadRows reads columns of the rows that records have in a table, by its key,
	// in the same transaction: of each record those values, nil where it has no
	// row. Their keys are values that the columns take: a record that was refused is
	// not asked for. What the target has filled itself is read like anything else.
	ReadRows(ctx context.Context, into Into, columns []string, page []record.Mapped) ([][]any, error)
}

// RecordTarget is a Writer whose transactions take records.
type RecordTarget interface {
	Writer
	// BeginRecords is Begin for a transaction that takes records. Triggers and foreign
	// keys of the target work as for everybody else: records are new data.
	BeginRecords(ctx context.Context, marks []record.MarkKey) (Transaction, RecordLoad, error)
	// Tables gives the tables of these names with all that records are checked
	// against. One that is not there is a fault of kind config, code
	// table.unknown, that names what is spelt nearly so.
	Tables(ctx context.Context, names []catalog.Name) ([]TargetTable, error)
}

// RecordComparer is an endpoint whose rows can be compared with records.
type RecordComparer interface {
	// CompareRecords opens a session that compares records with the rows of
	// tables at one point in time; equal is what a merge would leave as it is.
	// It writes temporary tables of its session and nothing else. Where says, by
	// table, which rows stand for these records ("" = all); nil: rows without a
	// record are not looked for. A table whose key does not tell its rows apart,
	// a condition that is none, and a server that takes no temporary tables are
	// faults.
	CompareRecords(ctx context.Context, mode string, into []Into, where []string) (RecordComparison, error)
}

// RecordComparison is a comparison under way. Not safe for concurrent use; after
// an error it is of no more use. Close may be called twice.
type RecordComparison interface {
	// Compare compares the rows of records and gives those that are not the same,
	// of each table at most MostUnlike: the others are only counted.
	Compare(ctx context.Context, page []record.Mapped) ([]Unlike, error)
	// Result is what all of them come to. Of records with the same key in a
	// merge only the one counts that a merge would have left; told are numbers
	// of records (Unlike.Record) of which it says whether another one counts.
	Result(ctx context.Context, told []int64) (*Compared, error)
	Close() error
}

// MostUnlike is how many rows of a table are named at once.
const MostUnlike = 100

// What an Unlike is.
const (
	RowMissing = "missing" // at the target
	RowChanged = "changed"
	RowExtra   = "extra" // no record has it
)

// Unlike is a row that is not the same on both sides.
type Unlike struct {
	Record  int64 // number of its record in the order of all that were compared, from 0
	Into    int   // its table
	What    string
	Key     []*string // by the key of Into, as text; nil: it cannot be read
	Columns []UnlikeColumn
	// Refusal: no row can hold this value, so its other columns were not compared.
	Refusal *record.Refusal
}

// UnlikeColumn is a column that differs. Its values are the target's text of
// them, cut at 10,000 characters; nil is NULL.
type UnlikeColumn struct {
	Name        string
	Left, Right *string // what the record has, and the row
}

// Compared counts, by the server, what a comparison came to.
type Compared struct {
	Tables     []ComparedTable
	Superseded int64    // records of which another one with the same key counts
	Replaced   []int64  // of them, those that were told
	Extra      []Unlike // of each table at most MostUnlike
}

// ComparedTable counts rows.
type ComparedTable struct{ Equal, Changed, Missing, Extra int64 }
