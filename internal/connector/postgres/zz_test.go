package postgres

import (
	"godwit/internal/catalog"
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	e := endpoint(t, "postgres://postgres@/many?host=/tmp&port=5999")
	for range 3 {
		b := time.Now()
		db, err := e.Inspect(t.Context(), catalog.Selection{})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(len(db.Tables), time.Since(b))
	}
}
