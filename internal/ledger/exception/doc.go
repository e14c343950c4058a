// Package exception is how the ledger keeps records that were not loaded and
// issues, and how people look at them. Looking changes nothing, and nobody is
// shown what belongs to a chunk that is only prepared. It writes nothing
// itself: transactions are the ledger's. Start reading with Look.
package exception
