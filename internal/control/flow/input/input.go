// Package input is about the values that a flow asks for: how a flow declares them,
// how they are given as texts, how they are told. Start at Declared and Given.
package input

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/scalar"
	"godwit/internal/control/flow/source"
	"godwit/internal/control/flow/tag"

	"github.com/expr-lang/expr/types"
)

// Input is a value that a flow asks for.
type Input struct {
	Name    string
	Type    string // text, int, bool, date, duration, list
	Default any    // nil: it must be given
	Choices []any
	Help    string
	Pos     source.Pos
}

// key is the input as a key that holds its value.
func (in Input) key(name string) tag.Key {
	k := tag.Key{Name: name, Kind: tag.Text}
	switch in.Type {
	case "int":
		k.Kind = tag.Int
	case "bool":
		k.Kind = tag.Bool
	case "duration":
		k.Kind = tag.Duration
	case "list":
		k.List = true
	}
	return k
}

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

func (in Input) zero() reflect.Value {
	zero := map[string]any{"int": 0, "bool": false, "duration": time.Duration(0), "list": []string{}}[in.Type]
	if zero == nil {
		zero = ""
	}
	return reflect.New(reflect.TypeOf(zero)).Elem()
}

// Kind is the input's type in expressions.
func (in Input) Kind() types.Type {
	if in.Type == "any" {
		return types.Any
	}
	return types.TypeOf(in.zero().Interface())
}

// parse reads a text given for the input: --set NAME=TEXT. A list is written
// a,b or ["a", "b"].
func (in Input) parse(text string) (any, error) {
	v := in.zero()
	k := in.key(in.Name)
	switch {
	case in.Type == "date" && !isDate(text):
		return nil, fmt.Errorf("%s is no date", source.Quote(text))
	case !k.List:
		err := scalar.Set(v, k, text)
		return v.Interface(), err
	case strings.HasPrefix(text, "["):
		var items []string
		if err := json.Unmarshal([]byte(text), &items); err != nil {
			return nil, fmt.Errorf("%s is no list of texts", source.Quote(text))
		}
		return items, nil
	case text == "":
		return []string{}, nil
	}
	return strings.Split(text, ","), nil
}

// format is the text that parse reads as v: one text for one value.
func (in Input) format(v any) string {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v)
	case []string:
		b, err := json.Marshal(v)
		if err != nil {
			panic("encode a list of texts: " + err.Error())
		}
		return string(b)
	}
	return decode.TextOf(v)
}
