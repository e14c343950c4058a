package dump

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Preamble is what a session must be told in each transaction before any
// entry's SQL is sent: names are written with their schemas, a function's body
// may use what does not exist yet. It ends with the transaction. Entries that
// need another setting bring it along themselves.
const Preamble = `SET LOCAL client_min_messages = warning;
SET LOCAL standard_conforming_strings = on;
SET LOCAL check_function_bodies = false;
SET LOCAL xmloption = content;
SET LOCAL row_security = off;
SET LOCAL default_tablespace = '';
SET LOCAL default_table_access_method = heap;
SELECT pg_catalog.set_config('search_path', '', true);
`

// settings are values that differ from those of Preamble.
type settings map[string]string

// base are the settings that scripts change and entries depend on. Others that
// a script's head sets (time-outs, encoding) are the session's own affair.
var base = map[string]string{
	"standard_conforming_strings": "on",
	"check_function_bodies":       "false",
	"xmloption":                   "content",
	"default_tablespace":          "''",
	"default_table_access_method": "heap",
}

const value = `('[^'\n]*'|"(?:[^"]|"")*"|[a-z0-9_$]+)`

var (
	setting = regexp.MustCompile(`(?m)^SET ([a-z_]+) = ` + value + `;$`)
	// what pg_restore puts between two entries where tablespace or access
	// method change (_selectTablespace, _selectTableAccessMethod)
	trailing = regexp.MustCompile(`(?:\nSET (?:default_tablespace|default_table_access_method) = ` + value + `;\n)+\n*$`)
)

func (s settings) read(text string) {
	for _, m := range setting.FindAllStringSubmatch(text, -1) {
		if old, ok := base[m[1]]; ok && old == m[2] {
			delete(s, m[1])
		} else if ok {
			s[m[1]] = m[2]
		}
	}
}

// behind is what pg_restore put behind an entry.
func behind(text string) string {
	i := strings.Index(text, "\nSET default_table")
	if i < 0 {
		return ""
	}
	return trailing.FindString(text[i:])
}

func (s settings) clone() settings { return maps.Clone(s) }

// wrap makes a text independent of the settings before it and leaves none behind.
func (s settings) wrap(sql string) string {
	var before, after strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&before, "SET LOCAL %s = %s;\n", name, s[name])
		fmt.Fprintf(&after, "\nSET LOCAL %s = %s;", name, base[name])
	}
	return before.String() + sql + after.String()
}
