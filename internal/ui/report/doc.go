// Package report makes a run's report from one value: an HTML file that needs
// nothing but itself, JSON, and CSV. It computes the verdict and all sums from
// the value and knows neither ledger nor clock, so the same value gives the
// same bytes. It holds names, counts, hashes and the keys of what differs or was not
// loaded; of other values only what was made safe to be shown. Start reading at Report and HTML.
package report
