// Package late is about what a run only knows while it is under way: the names
// that expressions and ${...} of its steps use, the items of its loops, which
// steps write where others read. Start at Names.
package late
