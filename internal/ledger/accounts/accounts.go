// Package accounts holds the ledger's SQL about accounts, with ? for parameters.
package accounts

// Of the accounts of a run, and which of them count.
const (
	columns = `step, entity, chunk, generation, unit, current, read, applied, equal, superseded,
		redelivered, filtered, rejected, dead, pending, blocked, written, bytes, hash, adopted`
	Insert = `INSERT INTO account (run, ` + columns + `)`
	Select = `SELECT ` + columns + ` FROM account WHERE run = ?`

	Writer = `SELECT unit, current FROM account WHERE run = ? AND step = ? AND entity = ? AND chunk = ? AND generation = ?`
	Delete = `DELETE FROM account WHERE run = ? AND step = ? AND entity = ? AND chunk = ? AND generation = ?`
	// RepairedBy is the generation of the current account of the whole entity.
	RepairedBy     = `SELECT coalesce(max(generation), -1) FROM account WHERE run = ? AND step = ? AND entity = ? AND chunk = 0 AND current`
	Newer          = `SELECT coalesce(max(generation), -1) FROM account WHERE run = ? AND step = ? AND entity = ? AND chunk = ? AND current`
	SupersedeAll   = `UPDATE account SET current = FALSE WHERE run = ? AND step = ? AND entity = ? AND current`
	SupersedeChunk = `UPDATE account SET current = FALSE WHERE run = ? AND step = ? AND entity = ? AND chunk = ? AND current`
)
