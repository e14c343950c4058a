// Package steps reads what a map file writes under convert: one step or several,
// each a word or a word with arguments. Start reading at List.ReadPlain; what
// the steps do is in package convert.
package steps

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"godwit/internal/convert"
	"godwit/internal/fault"
	"godwit/internal/nearest"
	"godwit/internal/unit"
)

// List are steps that normalise a value, in order.
type List []Step

// Step is one step: a word, or a word with arguments.
type Step struct {
	Name string   `json:"name"`           // trim, collapse, upper, lower, nfc, digits, strip_nul, blank_to_null, number, epoch, hash, bool, date, split, join, replace, pad
	Args []string `json:"args,omitempty"` // date: layout, zone; replace: pattern, text; pad: n, character; split, join: separator
	// Sets are the true and the false values of bool.
	Sets [][]string `json:"sets,omitempty"`
}

// Steps without arguments, and how those with arguments are written.
var (
	bareSteps = strings.Fields("trim collapse upper lower nfc digits strip_nul blank_to_null number epoch hash")
	stepForms = map[string]string{
		"bool":    `{bool: [["J", "1"], ["N", "0"]]}`,
		"date":    `{date: "2006-01-02", zone: Europe/Berlin}`,
		"split":   `{split: ","}`,
		"join":    `{join: ", "}`,
		"number":  `{number: [",", "."]}`,
		"epoch":   `{epoch: ms}`,
		"replace": `{replace: ['[ -]', ""]}`,
		"pad":     `{pad: [6, "0"]}`,
	}
)

// ReadPlain is the language's: one step or a list of steps, each a word or
// {WORD: ARGUMENTS}. What can be wrong with the arguments is found here.
func (l *List) ReadPlain(v any) error {
	steps, isList := v.([]any)
	if !isList {
		steps = []any{v}
	}
	out := List{}
	for i, s := range steps {
		step, err := readStep(s)
		if err != nil && isList {
			return fault.Wrap(err, "step %d", i+1)
		}
		if err != nil {
			return err
		}
		out = append(out, step)
	}
	if len(out) == 0 {
		return wrong("it names no step").Hint("take the key away")
	}
	*l = out
	return nil
}

func wrong(format string, args ...any) *fault.Error {
	return fault.New(fault.Config, "flow.value", format, args...)
}

func readStep(v any) (Step, error) {
	switch v := v.(type) {
	case string:
		if slices.Contains(bareSteps, v) {
			return Step{Name: v}, nil
		}
		return Step{}, unknownStep(v)
	case []unit.Pair:
		return readArguments(v)
	}
	return Step{}, wrong("it is a word, or a word with arguments").Hint("words: %s", stepNames())
}

func unknownStep(name string) error {
	if form, ok := stepForms[name]; ok {
		return wrong("%s needs arguments", name).Hint("write %s", form)
	}
	e := wrong("there is no %q", name)
	if near := nearest.Name(name, allSteps()); near != "" {
		return e.Hint("did you mean %s? (%s)", near, stepNames())
	}
	return e.Hint("words: %s", stepNames())
}

func allSteps() []string {
	names := slices.Clone(bareSteps)
	for name := range stepForms {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func stepNames() string { return strings.Join(allSteps(), ", ") }

// readArguments reads {WORD: ARGUMENTS}; date may have a zone beside it.
func readArguments(pairs []unit.Pair) (Step, error) {
	var name string
	var args, zone any
	hasZone := false
	for _, p := range pairs {
		switch {
		case p.Name == "zone":
			zone, hasZone = p.Value, true
		case stepForms[p.Name] == "" && slices.Contains(bareSteps, p.Name):
			return Step{}, wrong("%s takes no arguments", p.Name).Hint("write %s", p.Name)
		case stepForms[p.Name] == "":
			return Step{}, unknownStep(p.Name)
		case name != "":
			return Step{}, wrong("%s and %s are two steps", name, p.Name).Hint("make a list of them: [%s, %s]", stepForms[name], stepForms[p.Name])
		default:
			name, args = p.Name, p.Value
		}
	}
	if name == "" || hasZone && name != "date" {
		return Step{}, wrong("zone belongs to date").Hint("write %s", stepForms["date"])
	}
	c := Step{Name: name}
	err := c.read(args, zone, hasZone)
	if err != nil && len(fault.Of(err).Next) == 0 {
		err = wrong("%s", err.Error()).Hint("write %s", stepForms[name])
	}
	return c, fault.Wrap(err, "%s", name)
}

func (c *Step) read(args, zone any, hasZone bool) (err error) {
	switch c.Name {
	case "bool":
		c.Sets, err = readSets(args)
		return err
	case "pad":
		c.Args, err = readPad(args)
		return err
	case "number":
		c.Args, err = readMarks(args)
		return err
	case "replace":
		if c.Args, err = texts(args); err == nil && len(c.Args) != 2 {
			err = wrong("it takes a regular expression and a text")
		}
		if err != nil {
			return err
		}
		return checkReplace(c.Args[0], c.Args[1])
	}
	text, err := text(args)
	if err != nil {
		return err
	}
	c.Args = []string{text}
	switch {
	case c.Name == "split" && text == "":
		return wrong("the separator is empty")
	case c.Name == "epoch" && !slices.Contains([]string{"s", "ms", "us", "ns"}, text):
		return wrong("%q is no unit of time: s, ms, us or ns", text)
	case c.Name == "date" && hasZone && strings.Contains(text, "07"):
		return wrong("the layout %q holds a time zone already", text).Hint("take zone away")
	case c.Name == "date":
		if problem, next := convert.CheckLayout(text); problem != "" {
			return wrong("%s", problem).Hint("%s", next)
		}
		if !hasZone {
			return nil
		}
		return c.readZone(zone)
	}
	return nil
}

func (c *Step) readZone(v any) error {
	zone, err := text(v)
	if err != nil {
		return fault.Wrap(err, "zone")
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
		return wrong("there is no time zone %q", zone).Hint("write it as Europe/Berlin or UTC")
	}
	c.Args = append(c.Args, zone)
	return nil
}

// text refuses what YAML reads as something else, so that 007 and 13.10 never
// change on their way.
func text(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case nil, []any, []unit.Pair:
		return "", wrong("a text is wanted")
	default:
		return "", wrong("%v is no text", v).Hint(`put it in quotes: "%v"`, v)
	}
}

func texts(v any) ([]string, error) {
	items, ok := v.([]any)
	if !ok {
		return nil, wrong("a list of texts is wanted")
	}
	out := []string{}
	for _, item := range items {
		t, err := text(item)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func readSets(v any) ([][]string, error) {
	items, ok := v.([]any)
	if !ok || len(items) != 2 {
		return nil, wrong("it takes two lists: what is true, what is false")
	}
	var sets [][]string
	for _, item := range items {
		set, err := texts(item)
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	for _, t := range sets[0] {
		if slices.Contains(sets[1], t) {
			return nil, wrong("%q is both true and false", t).Hint("keep it in one of the lists")
		}
	}
	if len(sets[0])+len(sets[1]) == 0 {
		return nil, wrong("both lists are empty")
	}
	return sets, nil
}

// readMarks reads [DECIMAL MARK, MARK BETWEEN THOUSANDS]; the second may be
// left out.
func readMarks(v any) ([]string, error) {
	args, err := texts(v)
	switch {
	case err != nil:
		return nil, err
	case len(args) == 0 || len(args) > 2 || args[0] == "" || len(args) == 2 && (args[1] == "" || args[1] == args[0]):
		return nil, wrong("it takes the decimal mark, and the mark between thousands if there is one")
	}
	return args, nil
}

// readPad reads [LENGTH, CHARACTER].
func readPad(v any) ([]string, error) {
	items, ok := v.([]any)
	if !ok || len(items) != 2 {
		return nil, wrong("it takes a length and a character")
	}
	n, ok := items[0].(int64)
	if !ok || n < 1 || n > 1000 {
		return nil, wrong("%v is no length from 1 to 1000", items[0])
	}
	char, err := text(items[1])
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(char) != 1 {
		return nil, wrong("%q is not one character", char)
	}
	return []string{fmt.Sprint(n), char}, nil
}

var reference = regexp.MustCompile(`\$(?:\$|(\w+)|\{(\w+)\})`)

// checkReplace compiles the expression and looks whether the groups that the
// text names are in it: $1x is the group "1x", which would be empty.
func checkReplace(pattern, with string) error {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return wrong("%q is no regular expression (RE2): %s", pattern, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	for _, m := range reference.FindAllStringSubmatch(with, -1) {
		name := m[1] + m[2]
		if name == "" {
			continue // $$ is a dollar
		}
		if i := slices.Index(re.SubexpNames(), name); i > 0 {
			continue
		}
		var n int
		if _, err := fmt.Sscanf(name, "%d", &n); err == nil && fmt.Sprint(n) == name && n <= re.NumSubexp() {
			continue
		}
		return wrong("%q has no group %s", pattern, name).Hint("write $$ for a dollar; a group with a letter behind it in braces, as $${1}x")
	}
	return nil
}
