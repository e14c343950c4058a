// Package beside tells a run what other runs of its ledger have done, or are doing,
// to the tables that it brings rows into. Start at Look.
package beside
