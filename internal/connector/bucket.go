package connector

import "slices"

// bucketRows is about how many rows share a bucket: the least that a
// difference is narrowed down to before rows are looked at.
const bucketRows = 500

// Divide is the number of buckets for a table of so many rows.
func Divide(rows int64) int { return int(min(1<<16, max(1, rows/bucketRows))) }

// Unequal lists the buckets that are not the same on both sides, ascending.
func Unequal(left, right []Bucket) []int {
	other := map[int]Bucket{}
	for _, b := range right {
		other[b.N] = b
	}
	var differ []int
	for _, b := range left {
		if other[b.N] != b {
			differ = append(differ, b.N)
		}
		delete(other, b.N)
	}
	for n := range other {
		differ = append(differ, n)
	}
	slices.Sort(differ)
	return differ
}
