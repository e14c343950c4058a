// Package settings changes settings of a system around steps, and puts them back
// whatever happens: an object that is read and written by requests, the elements
// of a list, rows of a database. A changed setting is a guard: a lease in the
// ledger that several runs may hold; the first saves what was there, the last one
// restores it. See DESIGN.md; start at Verb, then opener and closer.
package settings
