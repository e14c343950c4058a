// Package isolate writes a stream of COPY into a table without the rows that
// the server refuses. Rows go in by COPY as they came, in either format, so a
// value is taken or refused by exactly the rules that hold for a whole chunk.
// Start at Copy.
package isolate
