package sqlite

import (
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
)

func BenchmarkReadRecords(b *testing.B) {
	db, e := file(b)
	const rows = 100_000
	exec(b, db, "CREATE TABLE w (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c REAL, d INTEGER)",
		"INSERT INTO w WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 100000) SELECT n, 'name ' || n, 'a longer text of number ' || n, n / 7.0, n % 10 FROM i")
	for b.Loop() {
		if _, all := read(b, e, connector.Query{Table: catalog.Name{Object: "w"}, Key: []string{"id"}}); len(all) != rows {
			b.Fatal(len(all))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/record")
}
