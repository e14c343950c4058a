package record

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkDecodeJSON reads a document of 2 KB as the bench's loads have it.
func BenchmarkDecodeJSON(b *testing.B) {
	var people, streams []string
	for i := range 6 {
		people = append(people, fmt.Sprintf(`{"id": "%032d", "name": "Person %d", "role": "author"}`, i, i))
	}
	for i := range 8 {
		streams = append(streams, fmt.Sprintf(`{"n": %d, "sum": "%032d", "rate": 25.0, "size": %d, "codec": "x264"}`, i, i, i*1000))
	}
	doc := []byte(`{"big": 9007199254740993, "code": " ab1", "flag": true, "meta": {"kind": "a", "made": "01.02.2020", "owner": {"mail": "o1@example.org",
		"name": "Owner 1"}, "changed": "2020-01-01T00:01:00Z"}, "name": "Name  of x", "amount": 0.01, "nothing": null, "tags": ["red", "green"],
		"people": [` + strings.Join(people, ", ") + `], "streams": [` + strings.Join(streams, ", ") + `], "text": "` + strings.Repeat("lorem ipsum ", 30) + `"}`)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeJSON(doc); err != nil {
			b.Fatal(err)
		}
	}
}
