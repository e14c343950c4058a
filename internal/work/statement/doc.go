// Package statement runs SQL that people wrote, as steps of a flow: one
// statement, once, with its result for later steps. Its effect and its mark are
// one transaction, so that a crash behind the commit does not run it twice.
// See DESIGN.md; start at Verb and Executors.
package statement
