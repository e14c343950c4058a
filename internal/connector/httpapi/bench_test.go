package httpapi

import (
	"errors"
	"io"
	"testing"

	"godwit/rig/newsys"
)

// BenchmarkReadRecords reads 10,000 objects of about 330 bytes in pages of
// 1,000; the system's own work is in it.
func BenchmarkReadRecords(b *testing.B) {
	const rows = 10_000
	s := system(b, rows, newsys.Options{})
	c := settings(b, s)
	c.Pages.Size = 1000
	e := endpoint(b, c)
	q := assignments
	q.Fields = []string{"externalId", "title", "costs"}
	for b.Loop() {
		r, err := e.ReadRecords(b.Context(), q, "")
		for err == nil {
			_, err = r.Next(b.Context())
		}
		if !errors.Is(err, io.EOF) || r.Count() != rows {
			b.Fatal(err)
		}
		r.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/record")
}
