// Package dump has PostgreSQL's own programs write definitions: pg_dump makes
// an archive without rows, pg_restore turns it into text, and the text is cut
// into entries by their numbers in the archive's table of contents. It knows
// nothing of selections, catalogues and targets, and it starts no session of
// its own. Start at Read; the trap of the cutting is told in cut.go.
package dump
