// Package survey reads PostgreSQL's catalogues: what a database holds, which
// objects touch which tables, what would stop a copy. It runs in a read-only
// transaction of its caller's, whose search_path is empty, and changes
// nothing. It knows no pool and no snapshot. Start at Inspect.
package survey
