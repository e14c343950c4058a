package verify

import (
	"regexp"
	"strings"
)

// literal is the length of the literal or quoted name that sql begins with, 0
// when it begins with something else. pg_dump doubles quotes and escapes none.
func literal(sql string) int {
	switch sql[0] {
	case '\'', '"':
		for i := 1; i < len(sql); i++ {
			if sql[i] != sql[0] {
				continue
			}
			if i+1 < len(sql) && sql[i+1] == sql[0] {
				i++
				continue
			}
			return i + 1
		}
		return len(sql)
	case '$':
		tag := dollar.FindString(sql)
		if tag == "" {
			return 0
		}
		if end := strings.Index(sql[len(tag):], tag); end >= 0 {
			return 2*len(tag) + end
		}
		return len(sql)
	}
	return 0
}

var dollar = regexp.MustCompile(`^\$(?:[\pL_][\pL\pN_]*)?\$`)

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
		if n := literal(sql[i:]); n > 0 {
			i += n
			continue
		}
		if sql[i] == '\n' {
			end(i)
		}
		i++
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
		n := literal(sql[i:])
		if n == 0 {
			b.WriteByte(sql[i])
			i++
			continue
		}
		b.WriteString(sql[i : i+n])
		quoted := sql[i] == '\''
		i += n
		if m := alias.FindStringSubmatch(sql[i:]); quoted && m != nil && m[1] == m[2] {
			b.WriteString("::" + m[1])
			i += len(m[0])
		}
	}
	return b.String()
}
