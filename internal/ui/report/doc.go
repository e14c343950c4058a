// Package report makes a run's report from one value: an HTML file that needs
// nothing but itself, JSON, and CSV. It computes the verdict and all sums from
// the value and knows neither ledger nor clock, so the same value gives the
// same bytes. It holds names, counts and hashes, never a row's content. Start
// reading at Report and HTML.
package report
