package calls

import "regexp"

// naming finds how an expression names an op: as that of a record that is gone.
func naming(op string) *regexp.Regexp {
	return regexp.MustCompile(`op\s*==\s*["']` + op + `["']|["']` + op + `["']\s*==\s*op|op\s+in\s*\[[^\]]*["']` + op + `["']`)
}

var creating, deleting = naming("create"), naming("delete")

// Deletes reports whether a call may be made for a record that is gone from the
// source: its when says so.
func (c *Call) Deletes() bool { return deleting.MatchString(c.When) }

// Adopts reports whether it is looked first whether what the call makes is there already.
func (c *Call) Adopts() bool { return c.Existing != "" }

// existing checks that what is there already can be found, and is not made twice.
func (c *compiler) existing(l *Call, method string) {
	once := creating.MatchString(l.When) || l.Each != "" && l.When == "" && method == "POST"
	switch {
	case !l.Adopts():
	case !once:
		c.bad(".existing", "existing is for a call that is made at create only: others change what is there", `when: 'op == "create"'`)
	case l.InDoubt == nil || l.InDoubt.Request == "":
		c.bad(".existing", "existing: adopt asks the look-up of in_doubt, and there is none", "in_doubt: {request: GET /PATH, params: {...}, items: body.results}")
	}
}
