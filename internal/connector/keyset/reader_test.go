package keyset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// server holds the numbers from 1 to n and, told so, loses, doubles or
// miscounts one of them.
type server struct {
	n           int64
	lost, twice int64
	counts      int64 // more
	asked       []string
}

func (s *server) between(sql string, args []any) (list []int64) {
	after, until := int64(0), s.n
	if strings.Contains(sql, ">") {
		after = args[0].(int64)
		args = args[1:]
	}
	if strings.Contains(sql, "<=") {
		until = args[0].(int64)
	}
	for i := after + 1; i <= until; i++ {
		list = append(list, i)
	}
	return list
}

func (s *server) One(_ context.Context, sql string, args []any) ([]any, error) {
	s.asked = append(s.asked, sql)
	list := s.between(sql, args)
	if strings.Contains(sql, "count(*)") {
		return []any{int64(len(list)) + s.counts}, nil
	}
	if at := args[len(args)-1].(int64); at < int64(len(list)) {
		return []any{list[at]}, nil
	}
	return nil, nil
}

func (s *server) Rows(_ context.Context, sql string, args []any) (Rows, error) {
	list := slices.DeleteFunc(s.between(sql, args), func(i int64) bool { return i == s.lost })
	if i := slices.Index(list, s.twice); i >= 0 {
		list = slices.Insert(list, i, s.twice)
	}
	return &answer{list}, nil
}

type answer struct{ list []int64 }

func (a *answer) Next() ([]any, int, error) {
	if len(a.list) == 0 {
		return nil, 0, io.EOF
	}
	v := a.list[0]
	a.list = a.list[1:]
	return []any{v}, 8, nil
}

func (a *answer) Close() error { return nil }

func over(s *server, key bool, of connector.Query) (*Reader, error) {
	q := Query{From: "FROM t", Select: "n", Schema: &record.Schema{Fields: []record.Field{{Name: "n", Type: catalog.Type{Kind: catalog.KindInt}}}}}
	if key {
		same := func(v any) (any, error) { return v, nil }
		q.Key = []Column{{Ref: "n", Mark: "?", Arg: same, Back: func(v any) (any, int, error) { return v, 0, nil }}}
	}
	return Open(s, q, of)
}

// TestCountsAreTheServers loses, doubles and miscounts records: no place to
// read on from may come behind such a part.
func TestCountsAreTheServers(t *testing.T) {
	t.Parallel()
	for _, key := range []bool{true, false} {
		for _, c := range []struct {
			s  server
			ok bool
		}{
			{server{n: 5000}, true}, {server{n: 0}, true}, {server{n: 500}, true}, {server{n: 1500}, true},
			{server{n: 5000, lost: 1}, false}, {server{n: 5000, lost: 4000}, false}, {server{n: 5000, lost: 5000}, false},
			{server{n: 5000, twice: 700}, false}, {server{n: 5000, twice: 5000}, false}, {server{n: 5000, counts: 1}, false}, {server{n: 5000, counts: -1}, false},
		} {
			s := c.s
			r, err := over(&s, key, connector.Query{})
			if err != nil {
				t.Fatal(err)
			}
			n, behind := int64(0), int64(0)
			for err == nil {
				var p *record.Page
				if p, err = r.Next(t.Context()); err == nil {
					n += int64(len(p.Records))
					if p.After != nil {
						behind = n
					}
				}
			}
			what := fmt.Sprintf("key %v, %+v", key, c.s)
			if c.ok && (!errors.Is(err, io.EOF) || n != c.s.n || r.Count() != n) || !c.ok && fault.CodeOf(err) != "account.open" {
				t.Errorf("%s: %d records, count %d, %v", what, n, r.Count(), err)
			}
			if wrong := max(c.s.lost, c.s.twice); wrong > 0 && behind >= wrong || c.s.counts != 0 && behind > 0 {
				t.Errorf("%s: reading may go on behind %d", what, behind)
			}
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"{}", "[]", "[1,2]", "x"} {
		if _, err := over(&server{n: 1}, true, connector.Query{After: []byte(place)}); fault.CodeOf(err) != "query.position" {
			t.Errorf("%s: %v", place, err)
		}
	}
	r, err := over(&server{n: 5000}, true, connector.Query{After: []byte("[4990]"), Until: []byte("[4995]")})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Next(t.Context())
	if err != nil || len(p.Records) != 5 || p.Records[0].Key != "4991" {
		t.Errorf("%v (%v)", p, err)
	}
}
