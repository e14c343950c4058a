//go:build !points

package main

func profile() (end func()) { return func() {} }

// testPoint is for binaries built for tests (tag points) only.
func testPoint() func(point, unit string) { return nil }
