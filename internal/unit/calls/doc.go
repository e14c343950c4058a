// Package calls says how a record is given to a system that takes requests: as a
// sequence of named calls, with places in them for what the record holds. It
// sends nothing and remembers nothing. Start at Call and Compile.
package calls
