package convert

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"godwit/internal/catalog"
	"godwit/internal/record"

	"golang.org/x/text/unicode/norm"
)

var anyType catalog.Type

// texts are the steps that turn a text into a text.
var texts = map[string]func(string) string{
	"trim":      strings.TrimSpace,
	"collapse":  func(s string) string { return strings.Join(strings.Fields(s), " ") },
	"upper":     strings.ToUpper,
	"lower":     strings.ToLower,
	"nfc":       norm.NFC.String,
	"strip_nul": func(s string) string { return strings.ReplaceAll(s, "\x00", "") },
	"hash": func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return hex.EncodeToString(sum[:])
	},
}

// Steps are the names that New knows.
func Steps() []string {
	names := []string{"blank_to_null", "bool", "date", "digits", "epoch", "join", "number", "pad", "replace", "split"}
	for name := range texts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// New gives the step of a name, and the type of what it gives as far as that
// is known. Steps on texts take numbers as their texts and are done to each
// element of a list. Arguments: date layout, zone (none: ISO 8601); number
// decimal mark, mark between thousands; epoch s, ms, us or ns; split and join
// separator; replace pattern (RE2), text with $1; pad characters, character.
// Sets are the texts that bool takes for true and for false.
func New(name string, args []string, sets [][]string) (Step, catalog.Type, error) {
	text := catalog.Type{Kind: catalog.KindText}
	arg := func(i int, otherwise string) string {
		if i < len(args) {
			return args[i]
		}
		return otherwise
	}
	if most, ok := map[string]int{"date": 2, "number": 2, "epoch": 1, "split": 1, "join": 1, "replace": 2, "pad": 2}[name]; len(args) > most || !ok && len(args) > 0 {
		return nil, text, fmt.Errorf("%s takes no more than %d arguments", name, most)
	}
	if do, ok := texts[name]; ok {
		return onText(func(s string) (any, *Reason) { return do(s), nil }), text, nil
	}
	switch name {
	case "digits":
		return onText(digits), text, nil
	case "blank_to_null":
		return blankToNull, anyType, nil
	case "number":
		return number(arg(0, "."), arg(1, "")), anyType, nil
	case "epoch":
		unit, ok := map[string]time.Duration{"s": time.Second, "ms": time.Millisecond, "us": time.Microsecond, "ns": time.Nanosecond}[arg(0, "s")]
		if !ok {
			return nil, text, fmt.Errorf("epoch counts s, ms, us or ns")
		}
		return epoch(unit), catalog.Type{Kind: catalog.KindTimestamp, Zone: true}, nil
	case "bool":
		return toBoolBy(sets)
	case "date":
		return date(arg(0, ""), arg(1, ""))
	case "split":
		list := catalog.Type{Kind: catalog.KindList, Of: &text}
		return split2list(arg(0, ",")), list, nil
	case "join":
		return join(arg(0, ",")), text, nil
	case "replace":
		pattern, err := regexp.Compile(arg(0, ""))
		if err != nil || len(args) != 2 {
			return nil, text, fmt.Errorf("replace takes a regular expression (RE2) and a text: %v", err)
		}
		return onText(func(s string) (any, *Reason) { return pattern.ReplaceAllString(s, args[1]), nil }), text, nil
	case "pad":
		n, err := strconv.Atoi(arg(0, ""))
		if err != nil || n < 1 || n > 10_000 || utf8.RuneCountInString(arg(1, "0")) != 1 {
			return nil, text, fmt.Errorf("pad takes a number of characters and one character")
		}
		return onText(func(s string) (any, *Reason) {
			return strings.Repeat(arg(1, "0"), max(0, n-utf8.RuneCountInString(s))) + s, nil
		}), text, nil
	}
	return nil, text, fmt.Errorf("there is no step %q", name)
}

func refuse(v any, wanted string) *Reason {
	return &Reason{Rule: "convert", Text: "is " + Name(v) + ", " + wanted + " is wanted"}
}

// onText makes a step of a function on texts.
func onText(do func(string) (any, *Reason)) Step {
	var step Step
	step = func(v any) (any, *Reason) {
		switch x := v.(type) {
		case string:
			out, why := do(x)
			if s, ok := out.(string); ok && s == x && why == nil {
				return v, nil
			}
			return out, why
		case int64, record.Decimal:
			text, _ := Text(x, anyType)
			return do(text)
		case []any:
			return each(x, step)
		}
		return nil, refuse(v, "a text")
	}
	return step
}

func digits(s string) (any, *Reason) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.IsDigit(r):
			return nil, &Reason{Rule: "convert", Text: "holds digits other than 0 to 9"}
		}
	}
	if b.Len() == 0 && s != "" {
		return nil, &Reason{Rule: "convert", Text: "holds no digit"}
	}
	return b.String(), nil
}

func blankToNull(v any) (any, *Reason) {
	switch x := v.(type) {
	case string:
		if strings.TrimSpace(x) == "" {
			return nil, nil
		}
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i], _ = blankToNull(e)
		}
		return out, nil
	}
	return v, nil
}

func number(point, group string) Step {
	var step Step
	step = func(v any) (any, *Reason) {
		text, ok := v.(string)
		if !ok {
			switch x := v.(type) {
			case int64, record.Decimal, float64:
				return v, nil
			case []any:
				return each(x, step)
			}
			return nil, refuse(v, "a number")
		}
		text = strings.TrimSpace(text)
		if group != "" {
			text = strings.ReplaceAll(text, group, "")
		}
		if point != "." {
			if strings.Contains(text, ".") {
				return nil, &Reason{Rule: "convert", Text: "is no number"}
			}
			text = strings.Replace(text, point, ".", 1)
		}
		n, ok := Number(text)
		if !ok {
			return nil, &Reason{Rule: "convert", Text: "is no number"}
		}
		return n, nil
	}
	return step
}

func each(list []any, step Step) (any, *Reason) {
	out := make([]any, len(list))
	for i, e := range list {
		if e == nil {
			continue
		}
		var why *Reason
		if out[i], why = step(e); why != nil {
			why.Text = "[" + strconv.Itoa(i) + "] " + why.Text
			return nil, why
		}
	}
	return out, nil
}

func toBoolBy(sets [][]string) (Step, catalog.Type, error) {
	kind := catalog.Type{Kind: catalog.KindBool}
	if len(sets) == 0 {
		sets = [][]string{{"true", "t", "yes", "y", "1"}, {"false", "f", "no", "n", "0"}}
	}
	if len(sets) != 2 {
		return nil, kind, fmt.Errorf("bool takes two lists: what is true, what is false")
	}
	known := map[string]any{}
	for i, set := range sets {
		for _, text := range set {
			if _, twice := known[text]; twice {
				return nil, kind, fmt.Errorf("%q stands in the lists of bool twice", text)
			}
			known[text] = i == 0
		}
	}
	return func(v any) (any, *Reason) {
		if _, ok := v.(bool); ok {
			return v, nil
		}
		text, ok := Text(v, anyType)
		if b, found := known[text]; ok && found {
			return b, nil
		}
		return nil, &Reason{Rule: "convert", Text: "is none of the values for true and false"}
	}, kind, nil
}

func split2list(separator string) Step {
	return func(v any) (any, *Reason) {
		text, ok := v.(string)
		if !ok {
			return nil, refuse(v, "a text")
		}
		if text == "" {
			return []any{}, nil
		}
		parts := strings.Split(text, separator)
		list := make([]any, len(parts))
		for i, p := range parts {
			list[i] = p
		}
		return list, nil
	}
}

func join(separator string) Step {
	return func(v any) (any, *Reason) {
		list, ok := v.([]any)
		if !ok {
			return nil, refuse(v, "a list")
		}
		parts := make([]string, len(list))
		for i, e := range list {
			if parts[i], ok = Text(e, anyType); !ok {
				return nil, &Reason{Rule: "convert", Text: "[" + strconv.Itoa(i) + "] is " + Name(e) + ", a text is wanted"}
			}
		}
		return strings.Join(parts, separator), nil
	}
}
