package connectortest

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/record"

	"github.com/google/go-cmp/cmp"
)

// Compare proves Buckets and Rows over a pair: equal tables have equal
// buckets, one changed row is found with its key.
func Compare(t *testing.T, p Pair) {
	c := p.Table(t, 500)
	k := key(t)
	l := begin(t, p.To, k)
	sum, rows, err := Relay(deadline(t), read(t, open(t, p.From, t.Name())), l, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(deadline(t), []record.Account{{Chunk: k.Chunk, Generation: 1, Read: sum.Rows, Applied: rows}}); err != nil {
		t.Fatal(err)
	}
	dropMarks(t, p.To, k)
	from := connector.Part{Table: c.Table, Columns: c.Columns, Key: c.Key, Of: 16}
	to := from
	to.Table = c.Into

	want, got := buckets(t, p.From, from), buckets(t, p.To, to)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("buckets of equal tables differ:\n%s", diff)
	}
	var total int64
	for _, b := range want {
		total += b.Rows
	}
	if total != 500 {
		t.Errorf("buckets hold %d rows, want 500", total)
	}

	p.Change(t, c.Into)
	got = buckets(t, p.To, to)
	var differ []int
	for i := range want {
		if want[i] != got[i] {
			differ = append(differ, want[i].N)
		}
	}
	if len(differ) != 1 {
		t.Fatalf("buckets %v differ after one row was changed, want one", differ)
	}
	changed(t, p, from, to, differ)
}

// changed proves that the rows of a bucket differ in one row of the same key.
func changed(t *testing.T, p Pair, from, to connector.Part, differ []int) {
	before, after := rows(t, p.From, from, differ), rows(t, p.To, to, differ)
	var keys []string
	for k, row := range before {
		if after[k] != row {
			keys = append(keys, k)
		}
	}
	if len(before) != len(after) || len(keys) != 1 {
		t.Errorf("%d rows against %d, keys %v differ; want one of the same number", len(before), len(after), keys)
	}
}

func buckets(t *testing.T, ep connector.Endpoint, p connector.Part) []connector.Bucket {
	t.Helper()
	b, err := read(t, open(t, ep, fmt.Sprint(t.Name(), serial.Add(1)))).Buckets(deadline(t), p)
	if err != nil {
		t.Fatal(err)
	}
	sort.Slice(b, func(i, j int) bool { return b[i].N < b[j].N })
	return b
}

func rows(t *testing.T, ep connector.Endpoint, p connector.Part, of []int) map[string]string {
	t.Helper()
	all := map[string]string{}
	for row, err := range read(t, open(t, ep, t.Name()+" rows")).Rows(deadline(t), p, of) {
		if err != nil {
			t.Fatal(err)
		}
		all[texts(row.Key)] = texts(row.Values)
	}
	return all
}

func texts(values []*string) string {
	var b strings.Builder
	for _, v := range values {
		if v == nil {
			b.WriteString("null|")
			continue
		}
		b.WriteString("=" + *v + "|")
	}
	return b.String()
}
