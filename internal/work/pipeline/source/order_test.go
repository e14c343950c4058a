package source

import "testing"

// TestOrderProblems refuses an order that would be lost, and no other.
func TestOrderProblems(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]bool{
		"select * from a order by seq":                                                  true,
		"select * from a\nORDER\n  BY project, id":                                      true,
		"select * from a order by id desc":                                              true,
		"select * from (select 1 as id) q order by (select 1)":                          true,
		"select 'x' from a -- limit\n order by seq":                                     true,
		"select id from a union select id from b order by 1;":                           true,
		"select * from a":                                                               false,
		"select * from a order by id":                                                   false,
		"select * from a x order by x.\"id\" ASC ;\n":                                   false,
		"select * from a order by id -- as it is\n":                                     false,
		"select * from a order by seq limit 10":                                         false,
		"select * from a order by seq fetch first 10 rows only":                         false,
		"select distinct on (p) * from a order by p, seq":                               false,
		"select id, row_number() over (order by seq) from a":                            false,
		"select * from (select * from a order by seq limit 1) q":                        false,
		"select id, 'order by seq', $$ order by $$, \"order by\" from a /* order by */": false,
		"select id, 'it''s order by x' from a":                                          false,
		"select reorder by_id from a":                                                   false,
		"":                                                                              false,
	} {
		if got := len(Source{Query: sql}.OrderProblems([]string{"id"})) > 0; got != want {
			t.Errorf("%q: refused is %v", sql, got)
		}
	}
	p := Source{Query: "select 1\n-- order\nfrom a order by x"}.OrderProblems([]string{"p", "id"})
	if len(p) != 1 || p[0].Path != "from.query" || p[0].Text != "the query has an order by in line 3, and no use for it: records of a group are delivered in the order of key (p, id)" {
		t.Errorf("%+v", p)
	}
}
