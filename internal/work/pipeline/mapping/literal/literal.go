// Package literal holds values that stand in map files.
package literal

import (
	"encoding/json"
	"fmt"

	"godwit/internal/record"
)

// Literal is a value that stands in a map file: text, number, truth value or
// null.
type Literal struct {
	Value any // string, int64, record.Decimal, bool or nil
}

// ReadPlain is the language's: the value as the file holds it.
func (l *Literal) ReadPlain(v any) error {
	switch v.(type) {
	case nil, string, int64, record.Decimal, bool:
		l.Value = v
		return nil
	}
	return fmt.Errorf("a single value is wanted: text, number, true or false")
}

// frozen is a Literal's frozen form: numbers keep their kind.
type frozen struct {
	Text    *string         `json:"text,omitempty"`
	Int     *int64          `json:"int,omitempty"`
	Decimal *record.Decimal `json:"decimal,omitempty"`
	Bool    *bool           `json:"bool,omitempty"`
}

// MarshalJSON writes the frozen form.
func (l Literal) MarshalJSON() ([]byte, error) {
	var f frozen
	switch v := l.Value.(type) {
	case string:
		f.Text = &v
	case int64:
		f.Int = &v
	case record.Decimal:
		f.Decimal = &v
	case bool:
		f.Bool = &v
	}
	return json.Marshal(f)
}

// UnmarshalJSON reads the frozen form.
func (l *Literal) UnmarshalJSON(b []byte) error {
	var f frozen
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	switch {
	case f.Text != nil:
		l.Value = *f.Text
	case f.Int != nil:
		l.Value = *f.Int
	case f.Decimal != nil:
		l.Value = *f.Decimal
	case f.Bool != nil:
		l.Value = *f.Bool
	default:
		l.Value = nil
	}
	return nil
}
