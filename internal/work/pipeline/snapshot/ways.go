package snapshot

import (
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/fault"
)

// waysOut adds to a fault what can be done: by merging where the table's rows can
// be told apart, else by emptying it. The run itself cannot go on: a record whose
// key was changed since would be appended twice, or not at all.
func waysOut(e *fault.Error, run string, into catalog.Into) *fault.Error {
	e.Hint("godwit cancel %s; what it loaded stays in %s", run, into.Table)
	if len(into.Key) > 0 {
		e.Hint("then to: {mode: merge, key: [%s]} in the load: the same command adds what is missing and mends what changed; rows whose key is gone at the source stay, unless gone says otherwise",
			strings.Join(into.Key, ", "))
		e.Hint("or, where nothing else is in %s, empty it and run the same command with --new", into.Table)
	} else {
		e.Hint("then empty %s and run the same command with --new: it has no key that merge could tell its rows apart by", into.Table)
	}
	return e.Hint("snapshot_lost: continue is for the next load, where keys at the source never change and none comes between others; written in now it makes another run, which would append everything again")
}
