package records

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/typed"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// part is the rows of a page that go into one target with the same columns:
// those whose value is missing are left out.
type part struct {
	target  int
	present []int // places in the target's columns
	data    []byte
	rows    int64
}

// batch is a page as it is sent.
type batch struct {
	targets []target
	staged  bool // with record, row and part in front and all columns
	parts   []part
	known   map[string]int // parts by target and columns
	became  []connector.Became
	live    []int   // records that are sent
	uses    [][]int // parts, by record
	want    []int   // rows, by record
	room    []byte
}

// encode writes the page's records as COPY's text, those of only (nil is all)
// that became nothing yet. A record with a value that no text of the server
// can hold becomes dead at once, and no row of it is sent.
func encode(targets []target, merge, staged bool, page []record.Mapped, became []connector.Became, only []int) (*batch, error) {
	b := &batch{targets: targets, staged: staged, known: map[string]int{}, became: became, uses: make([][]int, len(page)), want: make([]int, len(page))}
	if only == nil {
		for i := range page {
			only = append(only, i)
		}
	}
	for _, i := range only {
		if became[i].Outcome != "" {
			continue
		}
		refusal, err := b.record(i, &page[i], merge)
		if err != nil {
			return nil, err
		}
		if refusal != nil {
			became[i] = connector.Became{Outcome: record.Dead, Refusal: refusal}
			continue
		}
		b.live = append(b.live, i)
	}
	return b, nil
}

// record appends a record's rows; after a refusal nothing of it stays.
func (b *batch) record(n int, m *record.Mapped, merge bool) (*record.Refusal, error) {
	type length struct{ data, rows int }
	var before []length
	for _, p := range b.parts {
		before = append(before, length{len(p.data), int(p.rows)})
	}
	for seq, row := range m.Rows {
		if row.Into < 0 || row.Into >= len(b.targets) || len(row.Slots) != len(b.targets[row.Into].columns) {
			return nil, fault.New(fault.Internal, "record.row", "row %d of a record does not fit its target", seq)
		}
		refusal := b.row(n, seq, row, merge)
		if refusal == nil {
			continue
		}
		for i := range b.parts {
			was := length{}
			if i < len(before) {
				was = before[i]
			}
			b.parts[i].data, b.parts[i].rows = b.parts[i].data[:was.data], int64(was.rows)
		}
		b.uses[n] = nil
		return refusal, nil
	}
	b.want[n] = len(m.Rows)
	return nil, nil
}

func (b *batch) row(n, seq int, row record.Row, merge bool) *record.Refusal {
	t := &b.targets[row.Into]
	if merge {
		for _, k := range t.key {
			if v := row.Slots[k]; v == nil || v == record.Missing {
				return &record.Refusal{Code: "data.not-null", Field: t.Columns[k], Text: "a column of the key is null or missing", Where: t.Table.String()}
			}
		}
	}
	at := b.part(row)
	p := &b.parts[at]
	to := p.data
	if b.staged {
		to = strconv.AppendInt(to, int64(n), 10)
		to = strconv.AppendInt(append(to, '\t'), int64(seq), 10)
		to = strconv.AppendInt(append(to, '\t'), int64(at), 10)
	}
	first := !b.staged
	for i, v := range row.Slots {
		if v == record.Missing {
			if !b.staged {
				continue
			}
			v = nil
		}
		if !first {
			to = append(to, '\t')
		}
		first = false
		var err error
		if to, err = b.field(to, &t.columns[i].t, v); err != nil {
			code := "data.invalid"
			if errors.Is(err, typed.ErrEncoding) {
				code = "data.encoding"
			}
			return &record.Refusal{Code: code, Field: t.Columns[i], Text: err.Error(), Where: t.Table.String(), Value: record.Show(v, false)}
		}
	}
	p.data = append(to, '\n')
	p.rows++
	if !slices.Contains(b.uses[n], at) {
		b.uses[n] = append(b.uses[n], at)
	}
	return nil
}

// part finds the part of a row, a new one for columns not met before.
func (b *batch) part(row record.Row) int {
	b.room = strconv.AppendInt(b.room[:0], int64(row.Into), 10)
	for i, v := range row.Slots {
		if v == record.Missing {
			b.room = strconv.AppendInt(append(b.room, ' '), int64(i), 10)
		}
	}
	if at, ok := b.known[string(b.room)]; ok {
		return at
	}
	p := part{target: row.Into}
	for i, v := range row.Slots {
		if v != record.Missing {
			p.present = append(p.present, i)
		}
	}
	b.known[string(b.room)] = len(b.parts)
	b.parts = append(b.parts, p)
	return len(b.parts) - 1
}

// field writes a value as a field of COPY's text.
func (b *batch) field(to []byte, t *typed.Type, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(to, '\\', 'N'), nil
	case bool, int64, float64:
		return t.Append(to, v) // needs no escapes
	case string:
		if t.Kind == catalog.KindJSON {
			break
		}
		if strings.IndexByte(v, 0) >= 0 || !utf8.ValidString(v) {
			return to, typed.ErrEncoding
		}
		return escaped(to, v), nil
	}
	text, err := t.Append(b.room[:0], v)
	if err != nil {
		return to, err
	}
	b.room = text
	return escaped(to, text), nil
}

func escaped[T string | []byte](to []byte, s T) []byte {
	begin := 0
	for i := range len(s) {
		c := s[i]
		if c > '\r' && c != '\\' {
			continue
		}
		switch c {
		case '\n':
			c = 'n'
		case '\r':
			c = 'r'
		case '\t':
			c = 't'
		case '\\':
		default:
			continue
		}
		to = append(to, s[begin:i]...)
		to = append(to, '\\', c)
		begin = i + 1
	}
	return append(to, s[begin:]...)
}

// columns are a part's columns, quoted.
func (b *batch) columns(p part) string {
	names := make([]string, len(p.present))
	for i, c := range p.present {
		names[i] = b.targets[p.target].Columns[c]
	}
	return idents(names)
}

// inOrder are the parts by target: parents come before their parts.
func (b *batch) inOrder() []int {
	order := make([]int, len(b.parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return b.parts[x].target - b.parts[y].target })
	return order
}
