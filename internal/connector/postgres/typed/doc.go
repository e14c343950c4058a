// Package typed knows PostgreSQL's types: what they are in the words of the
// catalogue, how their values are read from the wire into those of a record,
// and how a record's values are written as the server reads them. It knows no
// tables and no sessions. Start at Load, then Decoder and Type.Append.
package typed
