package expression

import (
	"errors"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/file"
)

var conversion = regexp.MustCompile(`interface conversion: interface (?:\{\}|\{[^}]*\}) is (.+?), not (.+)`)

var argument = regexp.MustCompile(`^cannot use (.+) as argument \(type (.+)\) to call (\w+)`)

// kinds are Go's types in words for people.
var kinds = map[string]string{
	"nil": "null", "<nil>": "null", "string": "a text", "int": "a whole number", "int64": "a whole number", "float64": "a number",
	"bool": "a truth value", "[]interface {}": "a list", "[]any": "a list", "map[string]interface {}": "a document", "map[string]any": "a document",
	"time.Time": "a time", "time.Duration": "a duration", "record.Decimal": "a number", "expression.exactNumber": "a number", "[]uint8": "bytes",
}

// reworded turns the error of a run into words for people, without values.
func reworded(err error) error {
	var failed *Failure
	if errors.As(err, &failed) {
		return failed
	}
	var e *file.Error
	if !errors.As(err, &e) {
		return err
	}
	return errors.New(plain(e.Message))
}

// plain takes Go's words out of a message.
func plain(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if m := conversion.FindStringSubmatch(text); m != nil {
		return word(m[1]) + " where " + word(m[2]) + " is wanted"
	}
	if strings.HasPrefix(text, "reflect:") || strings.Contains(text, "runtime error") {
		return "a value of a kind that is not possible here"
	}
	if m := argument.FindStringSubmatch(text); m != nil {
		return m[3] + " wants " + word(m[2]) + ", not " + word(m[1])
	}
	if strings.HasPrefix(text, "invalid float literal") || strings.HasPrefix(text, "invalid integer") || strings.Contains(text, "value out of range") {
		return "the number is too large"
	}
	text = strings.ReplaceAll(text, "unexpected token EOF", "unexpected end")
	text = strings.TrimPrefix(text, "invalid operation: ")
	return goTypes.ReplaceAllStringFunc(text, word)
}

var goTypes = regexp.MustCompile(`\[\]interface \{\}|map\[string\]interface \{\}|map\[string\]any|\[\]any|expression\.exactNumber|record\.Decimal|time\.(Time|Duration)|<nil>|\bint64\b|\bfloat64\b`)

func word(t string) string {
	if w, ok := kinds[t]; ok {
		return w
	}
	return t
}
