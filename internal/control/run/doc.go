// Package run holds control together: it opens runs and goes on with them,
// gathers the facts that plans are made from, drives a run's session, watches
// what its units wait for, and looks after what a target may have lost. It
// knows the seam and no system; what only looks at finished work is in
// ledger.View. Start at Runs.
package run
