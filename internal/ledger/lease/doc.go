// Package lease says who may hold a run: a lock on a file, which the kernel
// frees with its process, and the end of a lease on a clock that nobody sets.
// It knows neither ledger nor runs. Start reading with Hold and Over.
package lease
