package sqltext

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var grammars = map[string]Grammar{
	"postgres": {Postgres: true}, "mysql": {Backslash: true, Backtick: true, Hash: true}, "sqlite": {Backtick: true, Brackets: true},
}

// pieces writes what a text is made of, without white space: each piece behind
// the letter of its kind.
func pieces(g Grammar, text string) string {
	var all []string
	for len(text) > 0 {
		kind, n := g.Next(text)
		if piece := text[:n]; strings.TrimSpace(piece) != "" {
			all = append(all, fmt.Sprintf("%c<%s>", "BLQWNS"[kind], piece))
		}
		text = text[n:]
	}
	return strings.Join(all, " ")
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ grammar, text, want string }{
		{"postgres", "a1 'it''s' \"x\"\"y\" .5e3 .", `W<a1> L<'it''s'> Q<"x""y"> N<.5e3> S<.>`},
		{"postgres", "-- 'x\r1 /* /* ' */ */ 2", "B<-- 'x> N<1> B</* /* ' */ */> N<2>"},
		{"sqlite", "-- 'x\r1\n/* /* */ */", "B<-- 'x\r1> B</* /* */> S<*> S</>"},
		{"mysql", "--1\n# it's\n-- it's\n--", "S<-> S<-> N<1> B<# it's> B<-- it's> B<-->"},
		{"postgres", "`a #b`", "S<`> W<a> S<#> W<b> S<`>"},
		{"sqlite", "`a b` [c d] x[1", "Q<`a b`> Q<[c d]> W<x> Q<[1>"},
		{"mysql", `'it\'s' "a\"b" [c]`, `L<'it\'s'> Q<"a\"b"> S<[> W<c> S<]>`},
		{"postgres", `'\' e'it\'s' ae'\'`, `L<'\'> L<e'it\'s'> W<ae> L<'\'>`},
		{"postgres", "E'a'\n -- it's\n 'b\\'c' E'a' 'b'", "L<E'a'\n -- it's\n 'b\\'c'> L<E'a'> L<'b'>"},
		{"postgres", "$$ ' $$ $x1$ $$ $x1$ a$b$c $1 $é", "L<$$ ' $$> L<$x1$ $$ $x1$> W<a$b$c> S<$> N<1> S<$> W<é>"},
		{"sqlite", "$$ a$b", "S<$> S<$> W<a> S<$> W<b>"},
		{"postgres", "/* open", "B</* open>"},
		{"sqlite", "'open", "L<'open>"},
	} {
		if diff := cmp.Diff(c.want, pieces(grammars[c.grammar], c.text)); diff != "" {
			t.Errorf("%s: %s: %s", c.grammar, c.text, diff)
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	known := func(name string) bool { return name == "a" || name == "a.b.c" }
	for text, want := range map[string]string{"a.b + 1": "a", "a.b.c.d": "a.b.c", "b.c": "b", "a$": "a", "1": "", "": "", "a.": "a"} {
		if got := Name(text, known); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzNext proves that each piece moves on, and none reaches behind the end.
func FuzzNext(f *testing.F) {
	f.Add("E'a'\n 'b\\")
	f.Add("$x$ /* [a `b -- #")
	f.Fuzz(func(t *testing.T, text string) {
		for name, g := range grammars {
			for rest := text; len(rest) > 0; {
				_, n := g.Next(rest)
				if n < 1 || n > len(rest) {
					t.Fatalf("%s: %q is %d long", name, rest, n)
				}
				rest = rest[n:]
			}
		}
	})
}
