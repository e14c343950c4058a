package calls

import (
	"fmt"
	"regexp"

	"godwit/internal/expression"
	"godwit/internal/record"
)

// deleting finds how an expression names the op of a record that is gone.
var deleting = regexp.MustCompile(`op\s*==\s*["']delete["']|["']delete["']\s*==\s*op|op\s+in\s*\[[^\]]*["']delete["']`)

// Deletes reports whether a call may be made for a record that is gone from the
// source: its when says so.
func (c *Call) Deletes() bool { return deleting.MatchString(c.When) }

// Adopts reports whether it is looked first whether what the call makes is there already.
func (c *Call) Adopts() bool { return c.Existing != "" }

// existing checks that what is there already can be found, and is not made twice.
func (c *compiler) existing(l *Call, method string) {
	if !l.Adopts() {
		return
	}
	const only = "existing is for a call that is made at create only"
	alone := l.Each != "" && l.When == "" && method == "POST" // once for each element
	switch op := l.beside(); {
	case l.When == "" && !alone:
		c.bad(".existing", only+": others change what is there", `when: 'op == "create"'`)
	case l.When != "" && op != "":
		c.bad(".existing", fmt.Sprintf("%s, and when may be true of %s too: %s", only, op, l.When), `when: 'op == "create"'`, `a call of its own for the others`)
	case l.When != "" && !expression.Possible(l.When, "op", string(record.Create)):
		c.bad(".existing", only+", and when is never true of create: "+l.When, `when: 'op == "create"'`)
	case l.InDoubt == nil || l.InDoubt.Request == "":
		c.bad(".existing", "existing: adopt asks the look-up of in_doubt, and there is none", "in_doubt: {request: GET /PATH, params: {...}, items: body.results}")
	}
}

// beside is what a call may be made for but create, "" for nothing.
func (l *Call) beside() string {
	for _, op := range []record.Op{record.Update, record.Delete} {
		if expression.Possible(l.When, "op", string(op)) {
			return string(op)
		}
	}
	return ""
}
