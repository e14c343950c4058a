// Package ledger is what godwit remembers: runs, their journal, units,
// accounts, progress and what people asked for, in one database that several
// processes may have open. It knows no verb and no system; it does not decide
// what runs next, only who may say so. Start reading with Open, then Own and
// Session.Turn; the invariants stand in DESIGN.md.
package ledger
