package sqlite

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// typeOf reads a declared type by SQLite's own rules of affinity
// (sqlite.org/datatype3.html 3.1), and what people mean by a few more words.
// It says what is usual in a column: any value may stand in it all the same.
func typeOf(declared string) catalog.Type {
	t := catalog.Type{Kind: catalog.KindOther, Native: "any"}
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(strings.ToUpper(declared), p) {
				return true
			}
		}
		return false
	}
	switch {
	case declared == "":
		return t
	case has("BOOL"):
		t.Kind = catalog.KindBool
	case has("INT") && !has("POINT"):
		t.Kind, t.Length = catalog.KindInt, 8
	case has("CHAR", "CLOB", "TEXT", "DATE", "TIME", "JSON", "UUID"):
		t.Kind = catalog.KindText
	case has("BLOB"):
		t.Kind = catalog.KindBytes
	case has("REAL", "FLOA", "DOUB"):
		t.Kind, t.Length = catalog.KindFloat, 8
	case has("DEC", "NUM"):
		t.Kind = catalog.KindDecimal
	}
	if t.Native = ""; t.Kind == catalog.KindOther {
		t.Native = declared
	}
	return t
}

// value is what SQLite holds as a record's value. Its own type decides; the
// declared one only says that 0 and 1 are truth values, and that a number with
// a point is exact: SQLite keeps it as a float, whose shortest text is what was
// written up to 15 digits. What is not of the declared type stays what it is.
func value(t catalog.Type, v any) any {
	switch v := v.(type) {
	case int64:
		if t.Kind == catalog.KindBool && (v == 0 || v == 1) {
			return v == 1
		}
	case []byte:
		if v == nil {
			return []byte{} // the driver's form of an empty one
		}
	case float64:
		if t.Kind == catalog.KindDecimal {
			return record.Decimal(strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	return v
}

// argument is a record's value for the driver.
func argument(v any) (any, error) {
	switch v := v.(type) {
	case nil, int64, float64, string, []byte:
		return v, nil
	case int:
		return int64(v), nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case record.Decimal:
		if i, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return i, nil
		}
		f, err := strconv.ParseFloat(string(v), 64)
		return f, err
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.UTC().Format("2006-01-02"), nil
		}
		return v.UTC().Format("2006-01-02 15:04:05.999999999"), nil
	case []any, record.Object:
		b, err := record.EncodeJSON(v)
		return string(b), err
	}
	return nil, fmt.Errorf("SQLite takes no %T", v)
}
