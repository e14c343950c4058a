package verify

import (
	"regexp"
	"strings"

	"godwit/internal/sqltext"
)

// grammar is that of definitions: PostgreSQL's own tools write them.
var grammar = sqltext.Grammar{Postgres: true}

// clauses are a definition's lines, those of a table without the commas that
// tell which one is last. A line break inside a literal ends none.
func clauses(sql string) []string {
	var lines []string
	begun := 0
	end := func(at int) {
		lines = append(lines, strings.TrimSuffix(strings.TrimSpace(sql[begun:at]), ","))
		begun = at + 1
	}
	for i := 0; i < len(sql); {
		kind, n := grammar.Next(sql[i:])
		if kind == sqltext.Blank && sql[i] == '\n' {
			end(i)
		}
		i += n
	}
	if begun <= len(sql) {
		end(len(sql))
	}
	return lines
}

// alias is what a server adds behind a bare literal when it writes out a
// function's body that it has once read: the name that it has anyway.
var alias = regexp.MustCompile(`^::([a-z_]+) AS ([a-z_]+)\b`)

// unaliased is a definition without such names. What is a literal itself, the
// body of a function in another language for one, stays as it is.
func unaliased(sql string) string {
	var b strings.Builder
	for i := 0; i < len(sql); {
		kind, n := grammar.Next(sql[i:])
		b.WriteString(sql[i : i+n])
		bare := kind == sqltext.Literal && sql[i] != '$'
		i += n
		if m := alias.FindStringSubmatch(sql[i:]); bare && m != nil && m[1] == m[2] {
			b.WriteString("::" + m[1])
			i += len(m[0])
		}
	}
	return b.String()
}
