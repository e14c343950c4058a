// Package actions holds the ledger's SQL about what people asked runs for, with ? for
// parameters.
package actions

// Of the actions of a run, and of its revision.
const (
	Revision  = `SELECT revision FROM run WHERE id = ?`
	Insert    = `INSERT INTO action (run, verb, body, actor, reason, revision, asked) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`
	selectAll = `SELECT id, verb, body, actor, reason, revision, asked, accepted, in_effect, cancelled FROM action WHERE run = ?`
	All       = selectAll + ` ORDER BY id`
	Pending   = selectAll + ` AND in_effect = 0 AND cancelled = 0 ORDER BY id`
	Accept    = `UPDATE action SET accepted = ? WHERE run = ? AND id = ? AND accepted = 0`
	InEffect  = `UPDATE action SET in_effect = ? WHERE run = ? AND id = ? AND in_effect = 0 AND cancelled = 0`
	Drop      = `DELETE FROM action WHERE id = ?`
	Cancel    = `UPDATE action SET cancelled = ? WHERE run = ? AND id = ? AND in_effect = 0 AND cancelled = 0`
)
