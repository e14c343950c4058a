//go:build unix && !linux

// Package memory has folders that lie in memory; on this system none is known.
package memory

// Folder is empty: no folder in memory is known here.
func Folder() string { return "" }
