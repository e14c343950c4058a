package layout

import (
	"os"
	"regexp"

	"golang.org/x/term"
)

// Colors decides whether text for f is coloured: when is "always", "never" or
// "auto" (a terminal, no NO_COLOR, TERM not dumb; https://no-color.org).
func Colors(when string, f *os.File) bool {
	switch when {
	case "always":
		return true
	case "never":
		return false
	}
	return os.Getenv("NO_COLOR") == "" && Terminal(f)
}

// Terminal reports whether f can show a live block.
func Terminal(f *os.File) bool {
	return os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// The colours, and the end of any.
const (
	Red    = "\x1b[31m"
	Yellow = "\x1b[33m"
	Green  = "\x1b[32m"
	Dim    = "\x1b[2m"
	Plain  = "\x1b[0m"
)

// paints is all that is ever coloured. The word stands there without colour
// too; green is for accounts that close and nothing else.
var paints = []struct {
	what  *regexp.Regexp
	color string
}{
	{regexp.MustCompile(`^\d\d:\d\d:\d\d\b`), Dim},
	{regexp.MustCompile(`^(blocks|differs|error)\b`), Red},
	{regexp.MustCompile(`^(warns|waits|not verified)\b`), Yellow},
	{regexp.MustCompile(`\bdead [1-9][\d,]*`), Red},
	{regexp.MustCompile(`\b(failed|lost|does not close)\b`), Red},
	{regexp.MustCompile(`  yes$`), Green},
	{regexp.MustCompile(`  NO$`), Red},
}

// Paint colours a line.
func Paint(line string) string {
	for _, p := range paints {
		line = p.what.ReplaceAllString(line, p.color+"${0}"+Plain)
	}
	return line
}
