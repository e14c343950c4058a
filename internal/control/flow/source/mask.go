package source

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	// secretKey is a key whose value may be a secret that should not stand in
	// the file; what follows in the line is not shown.
	secretKey = regexp.MustCompile(`(?i)[A-Za-z0-9_-]*(pass|pwd|secret|token|credential|bearer|webhook)[A-Za-z0-9_-]*["']?\s*:\s*`)
	// urlSecret is the password in a URL.
	urlSecret = regexp.MustCompile(`://[^/\s:@]*:(\S+)@`)
)

// masked is a file's lines as a diagnostic may show them: of the same length,
// without what looks like a secret. A value in braces ({env: NAME}) names a
// secret and stays.
func masked(lines []string) []string {
	out := make([]string, len(lines))
	deeper := -1 // lines deeper than this belong to a secret's block
	for i, line := range lines {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if deeper >= 0 && (indent > deeper || strings.TrimSpace(line) == "") {
			out[i] = strings.Repeat(" ", indent) + stars(line[indent:])
			continue
		}
		deeper = -1
		out[i] = line
		if m := secretKey.FindStringIndex(line); m != nil {
			if rest := line[m[1]:]; !strings.HasPrefix(rest, "{") && !strings.HasPrefix(rest, "#") && rest != "" {
				out[i] = line[:m[1]] + stars(rest)
				deeper = indent
			}
		}
		out[i] = maskURL(out[i])
	}
	return out
}

func stars(s string) string { return strings.Repeat("*", utf8.RuneCountInString(s)) }

func maskURL(s string) string {
	m := urlSecret.FindStringSubmatchIndex(s)
	if m == nil {
		return s
	}
	return s[:m[2]] + stars(s[m[2]:m[3]]) + s[m[3]:]
}
