package unloaded

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/control/run"
	"godwit/internal/record"
	"godwit/internal/ui/view"
)

// leastDigits of a cause are shown; more where two begin with the same.
const leastDigits = 4

// short gives each cause as many digits as tell it from the others.
func short(causes []string) map[string]string {
	names := make(map[string]string, len(causes))
	for _, c := range causes {
		n := leastDigits
		for n < len(c) && slices.ContainsFunc(causes, func(o string) bool { return o != c && strings.HasPrefix(o, c[:n]) }) {
			n++
		}
		names[c] = c[:min(n, len(c))]
	}
	return names
}

func shortOf(causes []run.Cause) map[string]string {
	list := make([]string, 0, len(causes))
	for _, c := range causes {
		list = append(list, c.Cause)
	}
	return short(list)
}

// Flags are a filter as it is typed.
func Flags(f run.Filter) string {
	var words []string
	add := func(flag, value string) {
		if value != "" {
			words = append(words, "--"+flag+" "+quoted(value))
		}
	}
	for _, id := range f.IDs {
		add("id", strconv.FormatInt(id, 10))
	}
	add("cause", f.Cause)
	add("code", f.Code)
	add("rule", f.Rule)
	add("field", f.Field)
	add("value", f.Value)
	add("entity", f.Entity)
	add("key", f.Key)
	add("step", f.Step)
	add("outcome", string(f.Outcome))
	if !f.Since.IsZero() {
		add("since", f.Since.Format(time.RFC3339))
	}
	if !f.Before.IsZero() {
		add("before", f.Before.Format(time.RFC3339))
	}
	add("map", f.Mapping)
	return strings.Join(words, " ")
}

// quoted is a word as a shell takes it.
func quoted(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:,@+%", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// copyAgain is what is left to do about rows of a copy.
const copyAgain = "mended at the source or the target, its table is copied again"

// ofCopy tells rows of a copy: no map made them, so no redrive takes them.
func ofCopy(e record.Exception) bool { return e.Mapping == "" }

// command puts a command and flags together.
func command(words ...string) string {
	return strings.Join(slices.DeleteFunc(append([]string{"godwit"}, words...), func(s string) bool { return s == "" }), " ")
}

// fields of a cause, each once.
func fields(c run.Cause) string {
	var names []string
	for _, t := range c.Top {
		if !slices.Contains(names, t.Field) {
			names = append(names, t.Field)
		}
	}
	return strings.Join(names, ", ")
}

// reason is a cause's text with its most frequent values. Several fields name
// theirs.
func reason(c run.Cause) string {
	var values []string
	several := strings.Contains(fields(c), ", ")
	for _, t := range c.Top {
		if t.Value == "" || !several && strings.HasSuffix(c.Text, " "+t.Value) { // is null
			continue
		}
		value := t.Value
		if several {
			value = t.Field + " " + value
		}
		values = append(values, value+" "+view.Count(t.Records))
	}
	if len(values) == 0 {
		return c.Text
	}
	return c.Text + ": " + strings.Join(values, ", ")
}

// owners of an exception's issues, each once.
func owners(issues []record.Issue) string {
	var names []string
	for _, i := range issues {
		if i.Owner != "" && !slices.Contains(names, i.Owner) {
			names = append(names, i.Owner)
		}
	}
	return strings.Join(names, ", ")
}

// issue is one in a line.
func issue(i record.Issue) string {
	text := i.Rule
	if i.Field != "" {
		text += " " + i.Field
	}
	text += ": " + i.Text
	if i.Value != "" {
		text += ", is " + i.Value
	}
	if i.Hint != "" {
		text += "; " + i.Hint
	}
	switch i.Severity {
	case record.SeverityWarn:
		text += " (warning)"
	case record.SeverityWaits:
		text += " (waiting)"
	}
	if i.Owner != "" {
		text += "   owner " + i.Owner
	}
	return text
}

// of names a field and the value that it had.
func of(field, value string) string {
	switch {
	case field == "":
		return ""
	case value == "":
		return field
	}
	return fmt.Sprintf("%s %s", field, value)
}
