package view

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

const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	green  = "\x1b[32m"
	dim    = "\x1b[2m"
	plain  = "\x1b[0m"
)

// paints is all that is ever coloured. The word stands there without colour
// too; green is for accounts that close and nothing else.
var paints = []struct {
	what  *regexp.Regexp
	color string
}{
	{regexp.MustCompile(`^\d\d:\d\d:\d\d\b`), dim},
	{regexp.MustCompile(`^(blocks|differs|error)\b`), red},
	{regexp.MustCompile(`^(warns|waits|not verified)\b`), yellow},
	{regexp.MustCompile(`\bdead [1-9][\d,]*`), red},
	{regexp.MustCompile(`\b(failed|lost|does not close)\b`), red},
	{regexp.MustCompile(`  yes$`), green},
	{regexp.MustCompile(`  NO$`), red},
}

func paint(line string) string {
	for _, p := range paints {
		line = p.what.ReplaceAllString(line, p.color+"${0}"+plain)
	}
	return line
}
