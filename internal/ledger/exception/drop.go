package exception

// Statements that undo a chunk. The first four take a range of ids; the
// others the chunk, those that reopen before it the run that had closed what
// its redrive processed again. Block is for a chunk that took blocked records of
// its own run.
const (
	Drop         = `DELETE FROM exception WHERE id BETWEEN ? AND ?`
	DropPayloads = `DELETE FROM payload WHERE exception BETWEEN ? AND ?`
	DropPatches  = `DELETE FROM patch WHERE exception BETWEEN ? AND ?`
	DropIssues   = `DELETE FROM issue WHERE id BETWEEN ? AND ?`
	DropAttempts = `DELETE FROM attempt WHERE run = ? AND unit = ? AND n = ?`

	attempted    = ` (SELECT exception FROM attempt WHERE run = ? AND unit = ? AND n = ?)`
	Reopen       = `UPDATE exception SET closed = '', closed_by = 0, closed_at = 0 WHERE closed_by = ? AND id IN` + attempted
	Block        = `UPDATE exception SET outcome = 'pending' WHERE run = ? AND id IN` + attempted
	ReopenIssues = `UPDATE issue AS i SET state = ` + unclosed + `, closed_by = 0 WHERE closed_by = ? AND exception IN` + attempted
)
