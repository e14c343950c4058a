// Package definition decides which definitions a selection needs, and what
// has to go at a target before they are made. It reads catalogues through
// survey and what pg_dump wrote through dump; it sends nothing. Start at Read
// and Clear.
package definition
