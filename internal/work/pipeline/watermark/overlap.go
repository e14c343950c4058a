package watermark

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// Overlap is how late a value may appear behind a higher one: what an
// incremental read reaches back behind its mark. One of both is set, or none.
type Overlap struct {
	For time.Duration `json:"for,omitempty"`
	By  int64         `json:"by,omitempty"`
}

// ReadPlain is the language's: a duration, or a whole number.
func (o *Overlap) ReadPlain(v any) error {
	switch v := v.(type) {
	case int64:
		if v >= 0 {
			o.By = v
			return nil
		}
	case string:
		d, err := time.ParseDuration(v)
		if err == nil && d >= 0 {
			o.For = d
			return nil
		}
	}
	return errors.New("a duration is wanted, 10m for one, or a whole number from 0")
}

func (o Overlap) String() string {
	if o.For > 0 {
		return short(o.For)
	}
	return fmt.Sprint(o.By)
}

// short is a duration as people write it: 10m, not 10m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// anything is the type of a column in which any value may stand.
const anything = "any"

// Check says what is wrong with a column of this type as one that an
// incremental read goes by.
func (o Overlap) Check(column string, t catalog.Type) error {
	timed, counted := false, false
	switch t.Kind {
	case catalog.KindTimestamp, catalog.KindDate:
		timed = true
	case catalog.KindInt, catalog.KindDecimal, catalog.KindFloat:
		counted = true
	case catalog.KindText:
		timed = true // of a time: 2026-01-31 10:00:00
	case catalog.KindOther:
		timed, counted = t.Native == anything, t.Native == anything
	}
	switch {
	case !timed && !counted:
		return fault.New(fault.Config, "load.since", "since: %s is %s, which has no order that grows", column, t).
			Hint("take a column of times or whole numbers, or make a number of it in a query")
	case o.For > 0 && !timed:
		return fault.New(fault.Config, "load.since", "overlap: %s is a time, %s is %s", o, column, t).Hint("overlap: 1000")
	case o.By > 0 && !counted:
		return fault.New(fault.Config, "load.since", "overlap: %s is a number, %s is %s", o, column, t).Hint("overlap: 10m")
	}
	return nil
}

// layouts are the forms in which texts hold times, as far as their order as
// texts is that of the times.
var layouts = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z", "2006-01-02 15:04", "2006-01-02"}

// Back is the value that lies the overlap before v, in a column of type t.
func (o Overlap) Back(v any, t catalog.Type) (any, error) {
	if o.For == 0 && o.By == 0 {
		return v, nil
	}
	switch v := v.(type) {
	case time.Time:
		if t.Kind == catalog.KindDate { // one day sooner rather than later
			return v.Add(-o.For).Truncate(24 * time.Hour), nil
		}
		return v.Add(-o.For), nil
	case int64:
		if back := v - o.By; back <= v {
			return back, nil
		}
		return nil, fault.New(fault.Config, "load.since", "overlap: %d is more than there are numbers below %d", o.By, v)
	case float64:
		return v - float64(o.By), nil
	case record.Decimal:
		n, ok := new(big.Rat).SetString(v.Plain())
		if !ok {
			break
		}
		_, fraction, _ := strings.Cut(v.Plain(), ".")
		return record.Decimal(n.Sub(n, new(big.Rat).SetInt64(o.By)).FloatString(len(fraction))), nil
	case string:
		for _, l := range layouts {
			if n := len(v) - len(l); n > 1 { // Parse takes a fraction, as many digits as there are
				seconds := strings.Index(l, "05") + len("05")
				l = l[:seconds] + "." + strings.Repeat("0", n-1) + l[seconds:]
			}
			if at, err := time.Parse(l, v); err == nil && at.Format(l) == v {
				return at.Add(-o.For).Format(l), nil // what is finer than the form is cut off: sooner rather than later
			}
		}
		return nil, fault.New(fault.Config, "load.since", "overlap: %s cannot be taken off the text %s", o, record.Show(v, true)).
			Hint("texts are times when they look as 2026-01-31 10:00:00").Hint("overlap: 0 takes nothing off")
	}
	return nil, fault.New(fault.Internal, "load.since", "overlap: %s cannot be taken off a %T", o, v)
}

// Show is a value for people. Who goes by a column lets its values be shown.
func Show(v any, t catalog.Type) string {
	switch v := v.(type) {
	case time.Time:
		switch {
		case t.Kind == catalog.KindDate:
			return v.Format("2006-01-02")
		case t.Zone:
			return v.Format("2006-01-02 15:04:05.999999 UTC")
		}
		return v.Format("2006-01-02 15:04:05.999999")
	case string:
		return v
	}
	return record.Show(v, true)
}
