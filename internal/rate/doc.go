// Package rate keeps requests to what the other side can bear: an exact rate, a
// number at the same time, hours of the week in which less is allowed, and what
// people tune it down to while it works. It slows down when the other side
// refuses, sends one probe at a time while it is away, and never goes above what
// was declared. It knows no protocol and sends nothing. Start at Limiter.
package rate
