package mysql

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector/keyset"
	"godwit/internal/record"
)

// column is one of a query.
type column struct {
	name   string
	wire   string // the driver's name of its type
	t      catalog.Type
	filled bool // never null
}

// typeOf is a type of the protocol in words that all systems share. A
// tinyint(1) is a number: what is true is for a map to say.
func typeOf(wire string, precision, scale int) catalog.Type {
	t := catalog.Type{Kind: catalog.KindOther, Native: strings.ToLower(wire)}
	switch strings.TrimPrefix(wire, "UNSIGNED ") {
	case "TINYINT", "YEAR":
		t.Kind, t.Length = catalog.KindInt, 2
	case "SMALLINT", "MEDIUMINT", "INT":
		t.Kind, t.Length = catalog.KindInt, 4
		if wire == "UNSIGNED INT" {
			t.Length = 8
		}
	case "BIGINT", "BIT":
		t.Kind, t.Length = catalog.KindInt, 8
		if wire != "BIGINT" { // there are some that no int holds
			t = catalog.Type{Kind: catalog.KindDecimal, Precision: 20}
		}
	case "DECIMAL":
		t.Kind, t.Precision, t.Scale = catalog.KindDecimal, precision, scale
	case "FLOAT":
		t.Kind, t.Length = catalog.KindFloat, 4
	case "DOUBLE":
		t.Kind, t.Length = catalog.KindFloat, 8
	case "CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT":
		t.Kind = catalog.KindText
	case "BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "GEOMETRY", "VECTOR":
		t.Kind = catalog.KindBytes
	case "DATE":
		t.Kind = catalog.KindDate
	case "TIME":
		t.Kind = catalog.KindTime
	case "DATETIME":
		t.Kind = catalog.KindTimestamp
	case "TIMESTAMP":
		t.Kind, t.Zone = catalog.KindTimestamp, true
	case "JSON":
		t.Kind = catalog.KindJSON
	}
	if t.Kind != catalog.KindOther {
		t.Native = "" // a date here and a date of the target are not the same type
	}
	return t
}

// declare adds what a table's definition says.
func (c *column) declare(native string, filled bool, length any) {
	if c.filled = filled; c.t.Kind == catalog.KindOther {
		c.t.Native = native
	}
	if n, ok := length.(int64); ok && c.t.Kind == catalog.KindText && n < 1<<20 {
		c.t.Length = int(n)
	}
}

// value is what the driver gives as a record's value. What has no form among
// these, as the date 0000-00-00, is its text.
func (c *column) value(v any) any {
	switch v := v.(type) {
	case float32:
		f, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64) // the shortest text is one
		return f
	case uint64:
		return whole(strconv.FormatUint(v, 10))
	case string:
		return c.parsed([]byte(v))
	case []byte:
		return c.parsed(v)
	}
	return v
}

func (c *column) parsed(b []byte) any {
	switch c.wire {
	case "BIT":
		var wide [8]byte
		copy(wide[8-min(8, len(b)):], b)
		return whole(strconv.FormatUint(binary.BigEndian.Uint64(wide[:]), 10))
	case "UNSIGNED BIGINT":
		return whole(string(b))
	}
	text := string(b)
	switch c.t.Kind {
	case catalog.KindBytes:
		if b == nil {
			b = []byte{}
		}
		return b
	case catalog.KindDecimal:
		return record.Decimal(text)
	case catalog.KindDate:
		if at, err := time.Parse("2006-01-02", text); err == nil && at.Year() > 0 {
			return at
		}
	case catalog.KindTimestamp:
		if at, err := time.Parse("2006-01-02 15:04:05.999999", text); err == nil && at.Year() > 0 {
			return at
		}
	case catalog.KindJSON:
		if v, err := record.DecodeJSON(b); err == nil {
			return v
		}
	}
	return text
}

func whole(text string) any {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	return record.Decimal(text)
}

// key is a column of the key. What the server orders otherwise than it
// compares is made one thing first: an enum is ordered by number and compared
// as text, a decimal is compared with a text as a float.
func (c *column) key(slot int, ref string) keyset.Column {
	k := keyset.Column{Slot: slot, Ref: ref, Mark: "?", Arg: argument, Back: func(v any) (any, int, error) { return c.value(v), 0, nil }}
	switch {
	case c.wire == "ENUM" || c.wire == "SET":
		k.Ref = "CAST(" + ref + " AS CHAR)"
	case c.wire == "DECIMAL":
		k.Mark = fmt.Sprintf("CAST(? AS DECIMAL(65,%d))", c.t.Scale)
	case c.wire == "FLOAT":
		k.Arg = func(v any) (any, error) {
			if f, ok := v.(float64); ok {
				return float64(float32(f)), nil
			}
			return argument(v)
		}
	case c.t.Kind == catalog.KindBytes:
		k.Mark = "CAST(? AS BINARY)"
	}
	return k
}

// argument is a record's value for the driver.
func argument(v any) (any, error) {
	switch v := v.(type) {
	case nil, int64, float64, string, []byte, bool:
		return v, nil
	case int:
		return int64(v), nil
	case record.Decimal:
		if i, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return i, nil
		}
		if u, err := strconv.ParseUint(string(v), 10, 64); err == nil {
			return u, nil
		}
		return string(v), nil
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.UTC().Format("2006-01-02"), nil
		}
		return v.UTC().Format("2006-01-02 15:04:05.999999"), nil
	case []any, record.Object:
		b, err := record.EncodeJSON(v)
		return string(b), err
	}
	return nil, fmt.Errorf("MySQL takes no %T", v)
}
