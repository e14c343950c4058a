package file

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"godwit/internal/connector"
)

func BenchmarkReadRecords(b *testing.B) {
	const rows = 50_000
	var csv, nd, list strings.Builder
	csv.WriteString("id,name,text,price\n")
	list.WriteString("[")
	for i := range rows {
		fmt.Fprintf(&csv, "%d,name %d,\"a longer text, of number %d\",%d.25\n", i, i, i, i)
		doc := fmt.Sprintf(`{"id":%d,"name":"name %d","text":"a longer text, of number %d","price":%d.25}`, i, i, i, i)
		nd.WriteString(doc + "\n")
		list.WriteString(map[bool]string{true: ",\n"}[i > 0] + doc)
	}
	list.WriteString("]")
	e := folder(b, map[string]string{"a.csv": csv.String(), "a.ndjson": nd.String(), "a.json": list.String()})
	for _, name := range []string{"a.csv", "a.ndjson", "a.json"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r, err := e.ReadRecords(b.Context(), connector.Query{Objects: name, Key: []string{"id"}}, "")
				for err == nil {
					_, err = r.Next(b.Context())
				}
				if !errors.Is(err, io.EOF) || r.Count() != rows {
					b.Fatal(err)
				}
				r.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/record")
		})
	}
}
