// Package noted tells a table's rows of one time from those of another: what is
// noted of all tables when a snapshot is taken is compared with what they are
// when they are read, since not every change respects snapshots. It asks on
// connections of its caller's and changes nothing. Start at Read and Compare.
package noted
