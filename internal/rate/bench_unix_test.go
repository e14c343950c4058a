//go:build unix

package rate

import (
	"syscall"
	"testing"
	"time"
)

// spent is the CPU time of this process.
func spent(t testing.TB) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkWait is the cost of one wait: of a place that is free, and of one
// that has to be waited for.
func BenchmarkWait(b *testing.B) {
	for name, l := range map[string]Limit{"free": {}, "5000 a second": {Rate: 5000}} {
		b.Run(name, func(b *testing.B) {
			l := limiter(b, l)
			before := spent(b)
			for b.Loop() {
				end, err := l.Begin(b.Context(), "")
				if err != nil {
					b.Fatal(err)
				}
				end(Answer{})
			}
			b.ReportMetric(float64(spent(b)-before)/float64(b.N)/1000, "cpu-us/wait")
		})
	}
}
