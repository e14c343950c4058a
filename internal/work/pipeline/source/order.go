package source

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/sqltext"
	"godwit/internal/unit"
)

// OrderProblems are what is wrong with a query whose records are delivered one behind the
// other: they come in the order of the key, and an order of its own would be lost unseen.
// One that says which rows there are, as before limit, is none, nor is that of the key.
func (s Source) OrderProblems(key []string) []unit.Problem {
	w, whole := words(s.Query)
	at := -1
	for i := range w {
		switch {
		case w[i].text == "order" && i+1 < len(w) && w[i+1].text == "by":
			at = i
		case w[i].text == "limit", w[i].text == "fetch", w[i].text == "offset", w[i].text == "distinct" && i+1 < len(w) && w[i+1].text == "on":
			return nil
		}
	}
	if at < 0 || slices.Equal(columns(whole[w[at+1].at+len("by"):]), key) {
		return nil
	}
	line := strings.Count(s.Query[:w[at].at], "\n") + 1
	return []unit.Problem{{Path: "from.query", Code: "load.source", Text: fmt.Sprintf("the query has an order by in line %d, and no use for it: records of a group are delivered in the order of key (%s)", line, strings.Join(key, ", ")),
		Next: []string{"key: [COLUMN] names what is to order them, if it tells them apart, over all sources too"}}}
}

// word is one of a statement, in lower case, outside of brackets.
type word struct {
	text string
	at   int
}

// words are those of a statement, and the statement with blanks in the place of
// its literals and comments.
func words(sql string) (list []word, whole string) {
	out, depth := []byte(sql), 0
	for i := 0; i < len(sql); {
		kind, n := sqltext.Any.Next(sql[i:])
		switch {
		case kind == sqltext.Blank || kind == sqltext.Literal:
			copy(out[i:i+n], strings.Repeat(" ", n))
		case kind == sqltext.Word && depth == 0:
			list = append(list, word{strings.ToLower(sql[i : i+n]), i})
		case sql[i] == '(':
			depth++
		case sql[i] == ')':
			depth--
		}
		i += n
	}
	return list, string(out)
}

// columns are those of a list, without their tables and quotes.
func columns(list string) []string {
	var names []string
	for _, one := range strings.Split(strings.TrimRight(list, "; \t\r\n"), ",") {
		one = strings.TrimSpace(one)
		if n := len(one) - len(" asc"); n > 0 && strings.EqualFold(one[n:], " asc") {
			one = strings.TrimSpace(one[:n])
		}
		names = append(names, strings.Trim(one[strings.LastIndexByte(one, '.')+1:], "\"`"))
	}
	return names
}
