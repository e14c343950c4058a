package exception

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"godwit/internal/fault"
	"godwit/internal/record"
)

// What the ledger writes, by rows of Row, IssueRow and payload.
const (
	Insert        = `INSERT INTO exception (` + written + `)`
	InsertIssue   = `INSERT INTO issue (id, run, exception, step, entity, key, rule, field, severity, text, value, hint, owner, first, last, origin, found)`
	InsertPayload = `INSERT INTO payload (exception, source, sent)`

	written = `id, run, step, entity, key, unit, chunk, outcome, cause, code, text, field, value, fields, refusal,
		attempts, mapping, first, last, "group", turn`
	columns = `e.id, e.step, e.entity, e.key, e.unit, e.chunk, e.outcome, e.cause, e.code, e.text, e.fields, e.refusal,
		e.attempts, e.mapping, e.first, e.last, e."group", e.turn, e.closed`
)

// Row is an exception's row for Insert; its id is the first value.
func Row(run int64, e record.Exception, now time.Time) []any {
	field, value := e.At()
	return []any{e.ID, run, e.Step, e.Entity, e.Key, e.Unit, e.Chunk, string(e.Outcome), e.Cause, e.Code, e.Text, field, value,
		listJSON(e.Fields), refusalJSON(e.Refusal), max(e.Attempts, 1), e.Mapping, millis(e.First, now), millis(e.Last, now), e.Group, e.Turn}
}

// Reason are the values of a new reason: outcome, cause, code, text, field,
// value, fields, refusal, mapping.
func Reason(e record.Exception) []any {
	field, value := e.At()
	return []any{string(e.Outcome), e.Cause, e.Code, e.Text, field, value, listJSON(e.Fields), refusalJSON(e.Refusal), e.Mapping}
}

// Runs are those of an issue: the one that it is listed with, the one whose
// record it is about, and the one that found it.
type Runs struct{ Of, Origin, Found int64 }

// Issue is an issue's row for InsertIssue. Of the exception its place and key
// are taken; its ID is 0 for a record that was loaded.
func (r Runs) Issue(id int64, e record.Exception, i record.Issue, now time.Time) []any {
	return []any{id, r.Of, e.ID, e.Step, e.Entity, e.Key, i.Rule, i.Field, i.Severity, i.Text, i.Value, i.Hint, i.Owner,
		now.UnixMilli(), now.UnixMilli(), r.Origin, r.Found}
}

func millis(t, now time.Time) int64 {
	if t.IsZero() {
		t = now
	}
	return t.UnixMilli()
}

func clock(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func listJSON(l []string) string {
	if len(l) == 0 {
		return ""
	}
	b, _ := json.Marshal(l) // strings always encode
	return string(b)
}

func refusalJSON(r *record.Refusal) string {
	if r == nil {
		return ""
	}
	b, _ := json.Marshal(r)
	return string(b)
}

type scanner interface{ Scan(...any) error }

// scan reads columns, and whatever else the statement gives.
func scan(s scanner, more ...any) (record.Exception, error) {
	var e record.Exception
	var first, last int64
	var fields, refusal string
	err := s.Scan(append([]any{&e.ID, &e.Step, &e.Entity, &e.Key, &e.Unit, &e.Chunk, &e.Outcome, &e.Cause, &e.Code, &e.Text, &fields,
		&refusal, &e.Attempts, &e.Mapping, &first, &last, &e.Group, &e.Turn, &e.Closed}, more...)...)
	e.First, e.Last = clock(first), clock(last)
	if err == nil && fields != "" {
		err = json.Unmarshal([]byte(fields), &e.Fields)
	}
	if err == nil && refusal != "" {
		e.Refusal = new(record.Refusal)
		err = json.Unmarshal([]byte(refusal), e.Refusal)
	}
	return e, err
}

// One of each serves all callers: EncodeAll and DecodeAll are safe for
// concurrent use. Payloads are small as a rule, so one block at a time will do.
var (
	packer = sync.OnceValue(func() *zstd.Encoder {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(true))
		if err != nil {
			panic("zstd: " + err.Error()) // the options are constants
		}
		return w
	})
	unpacker = sync.OnceValue(func() *zstd.Decoder {
		r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			panic("zstd: " + err.Error())
		}
		return r
	})
)

// Pack is a payload as it is stored; none is nil.
func Pack(payload []byte) []byte {
	if len(payload) == 0 {
		return nil
	}
	return packer().EncodeAll(payload, nil)
}

// Unpack is the payload again; one that is not whole is a fault with code
// ledger.damaged.
func Unpack(stored []byte) (json.RawMessage, error) {
	if len(stored) == 0 {
		return nil, nil
	}
	b, err := unpacker().DecodeAll(stored, nil)
	if err != nil {
		return nil, fault.New(fault.Data, "ledger.damaged", "a record's payload is damaged: %w", err)
	}
	return b, nil
}
