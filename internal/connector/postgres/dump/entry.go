package dump

import (
	"bufio"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Sections of an archive.
const (
	PreData  = "pre-data"
	PostData = "post-data"
)

// Entry is one object's definition.
type Entry struct {
	ID      int    // the archive's number
	Section string // PreData or PostData
	Desc    string // TABLE, INDEX, FK CONSTRAINT, ACL, MATERIALIZED VIEW DATA ...
	Class   uint32 // catalogue and object it was made from, where the archive
	OID     uint32 // tells: comments, rights and attachments have 0, 0
	// Schema, Tag and Owner are as the program wrote them into a comment: line
	// breaks are blanks. Look names up by Class and OID. No schema is "".
	Schema  string
	Tag     string
	Owner   string
	Depends []int  // IDs of entries it needs; all are among those returned
	SQL     string // depends on no session setting but those of Preamble
}

// listed is a line of pg_restore --list.
type listed struct {
	id         int
	class, oid uint32
	rest       string
}

var listLine = regexp.MustCompile(`^(\d+); (\d+) (\d+) (.*)$`)

// parseList reads the table of contents. Names in it may hold anything but
// line breaks, so only the numbers are read here.
func parseList(text string) ([]listed, error) {
	var all []listed
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		m := listLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue // comments start with a semicolon
		}
		l := listed{rest: m[4]}
		var err error
		if l.id, err = strconv.Atoi(m[1]); err != nil {
			return nil, fmt.Errorf("entry list: %w", err)
		}
		if l.class, l.oid, err = numbers(m[2], m[3]); err != nil {
			return nil, fmt.Errorf("entry list: %w", err)
		}
		all = append(all, l)
	}
	return all, lines.Err()
}

func numbers(class, oid string) (uint32, uint32, error) {
	c, err := strconv.ParseUint(class, 10, 32)
	if err != nil {
		return 0, 0, err
	}
	o, err := strconv.ParseUint(oid, 10, 32)
	return uint32(c), uint32(o), err
}

// describe reads "NAME; Type: DESC; Schema: SCHEMA; Owner: OWNER", where names
// may hold any of these words: the list's line, in which the same parts stand
// in another order, tells which reading is meant.
func (e *Entry) describe(name, list string) error {
	for i := strings.Index(name, typeMark); i >= 0; i = next(name, typeMark, i) {
		desc, rest, ok := strings.Cut(name[i+len(typeMark):], schemaMark)
		if !ok {
			break
		}
		for j := strings.Index(rest, ownerMark); j >= 0; j = next(rest, ownerMark, j) {
			tag, schema, end := name[:i], rest[:j], rest[j+len(ownerMark):]
			if owner, ok := strings.CutPrefix(list, desc+" "+schema+" "+tag+" "); ok && owned(end, owner) {
				e.Desc, e.Schema, e.Tag, e.Owner = desc, schema, tag, owner
				if schema == "-" {
					e.Schema = ""
				}
				return nil
			}
		}
	}
	return fmt.Errorf("entry %d: %q is not what the list says: %q", e.ID, name, list)
}

const (
	typeMark       = "; Type: "
	schemaMark     = "; Schema: "
	ownerMark      = "; Owner: "
	tablespaceMark = "; Tablespace: "
)

// owned reports whether the end of a name line stands for an owner as the list
// writes it: nobody may be a hyphen, and a tablespace may follow.
func owned(text, owner string) bool {
	rest, ok := strings.CutPrefix(text, owner)
	if ok && owner == "" {
		rest = strings.TrimPrefix(rest, "-")
	}
	return ok && (rest == "" || strings.HasPrefix(rest, tablespaceMark))
}

// next is the index of the following occurrence, or -1.
func next(s, mark string, after int) int {
	i := strings.Index(s[after+1:], mark)
	if i < 0 {
		return -1
	}
	return after + 1 + i
}
