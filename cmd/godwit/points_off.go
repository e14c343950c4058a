//go:build !points

package main

// testPoint is for binaries built for tests (tag points) only.
func testPoint() func(point, unit string) { return nil }
