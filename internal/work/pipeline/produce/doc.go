// Package produce puts records that are mapped and checked into a spool, for the
// units that make their calls: a target of a load that is none of the outside. It
// decides what is unchanged, and sends nothing. Start at Plan and Target.
package produce
