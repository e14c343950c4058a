// Package chronicle reads back from the ledger what a run did: its story, for
// its summary and its report, and what its units left behind. It changes
// nothing and drives nothing. Start with Read.
package chronicle
