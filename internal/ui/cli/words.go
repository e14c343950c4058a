package cli

import (
	"net/url"
	"strings"
	"unicode"

	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/ui/view"
)

// dashed writes a key of the language as a flag: bad_rows, --bad-rows.
func dashed(key string) string { return strings.ReplaceAll(key, "_", "-") }

func join(words []string) string { return strings.Join(words, ", ") }

// quoted is a word as a shell takes it.
func quoted(word string) string {
	if word != "" && strings.IndexFunc(word, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./:@%+=,", r)
	}) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// withoutPassword is a URL less what is secret in it; a text that is no URL is
// not shown at all.
func withoutPassword(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" {
		return "URL"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	if q.Has("password") {
		q.Del("password")
		u.RawQuery = q.Encode()
	}
	return u.String()
}

// settings reads --set name=value.
func settings(set []string) (map[string]string, error) {
	inputs := map[string]string{}
	for _, s := range set {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return nil, fault.New(fault.Config, "usage", "--set %s is not NAME=VALUE", s)
		}
		inputs[name] = value
	}
	return inputs, nil
}

// problems shows diagnostics with the lines they stand in.
func problems(ds flow.Diagnostics) view.Problems {
	p := view.Problems{Sources: map[string]string{}, Exit: ExitRefused}
	texts := map[string]map[int]string{}
	for _, d := range ds {
		one := view.Diagnostic{File: d.Pos.File, Line: d.Pos.Line, Column: d.Pos.Column, Length: d.Width, Text: d.Text, Code: d.Code}
		one.Next = strings.Join(d.Next, "; ")
		p.All = append(p.All, one)
		if texts[d.Pos.File] == nil {
			texts[d.Pos.File] = map[int]string{}
		}
		for _, l := range d.Source {
			texts[d.Pos.File][l.Number] = l.Text
		}
	}
	for file, lines := range texts {
		p.Sources[file] = sparse(lines)
	}
	return p
}

// sparse is a text of which only some lines are known.
func sparse(lines map[int]string) string {
	last := 0
	for n := range lines {
		last = max(last, n)
	}
	text := make([]string, last)
	for n, l := range lines {
		text[n-1] = l
	}
	return strings.Join(text, "\n")
}
