// Package schema makes what is around the rows: definitions, indexes, keys,
// views, sequence values, large objects, statistics. Every change is one
// marked transaction at the target, so that asking Done is reading a mark.
// The statements come with the unit, frozen when it was expanded; this package
// neither writes nor understands SQL. Start at Executors.
package schema
