// Package joint has the limiters of several processes of one machine keep to one
// schedule and one number of seats: what they share stands in a file, and what a
// process holds of it is free again with its end. It knows no limits. Start at Open.
package joint
