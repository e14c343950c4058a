package bulk

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Chunks tile a table: the first begins at page 0, each begins where the one
// before ends, the last has no end.
func TestChunksTile(t *testing.T) {
	t.Parallel()
	for range 500 {
		blocks := rand.Int64N(1 << 22)
		table := catalog.Table{Blocks: blocks, Bytes: blocks*pageSize + rand.Int64N(1<<30)}
		size := chunkLeast + rand.Int64N(chunkMost-chunkLeast)
		list := chunks(table, catalog.Text, size)
		var at int64
		for i, c := range list {
			if c.Number != i+1 || c.From != at {
				t.Fatalf("chunk %d of %d: number %d from %d, want from %d", i+1, len(list), c.Number, c.From, at)
			}
			last := i == len(list)-1
			if last != (c.To == 0) || !last && c.To <= c.From {
				t.Fatalf("chunk %d of %d ends at %d", c.Number, len(list), c.To)
			}
			at = c.To
		}
		if n := int64(len(list)); n > 1 && table.Bytes/n > 2*size {
			t.Fatalf("%d chunks of %d bytes are far over the size of %d", n, table.Bytes, size)
		}
	}
}

func name(object string) catalog.Name { return catalog.Name{Schema: "s", Object: object} }

func source(tables ...catalog.Table) catalog.Facts {
	return catalog.Facts{Cores: 2, Source: &catalog.Database{Tables: tables}, Target: &catalog.Database{}}
}

func table(object string, bytes int64) catalog.Table {
	return catalog.Table{Name: name(object), Kind: catalog.Plain, Bytes: bytes, Blocks: bytes / pageSize,
		Columns: []catalog.Column{{Name: "id", Type: "bigint", TypeOID: 20}}}
}

// expand plans a copy of facts and fails the test if it is refused.
func expand(t *testing.T, c *Copy, facts catalog.Facts) []unit.Unit {
	t.Helper()
	units, err := plan("copy", c, facts)
	if err != nil {
		t.Fatal(err)
	}
	return units
}

// Whatever is defined, a unit waits only for tags that some unit carries (a
// tag that nobody carries would be no wait at all), and following the tags in
// any order every unit is reached: nothing waits for itself.
func TestPlanOrder(t *testing.T) {
	t.Parallel()
	facts := source(table("big", 300<<20), table("child", 2<<20), table("small", 8192), table("tiny", 0))
	facts.Source.Sequences = []catalog.Name{name("seq")}
	facts.Source.Blobs = []uint32{1, 2}
	facts.Definitions = []catalog.Definition{
		{ID: 1, Section: catalog.Before, Kind: "SCHEMA", SQL: "SQL 1"},
		{ID: 2, Section: catalog.Before, Kind: "TABLE", Name: name("big"), SQL: "SQL 2"},
		{ID: 3, Section: catalog.Before, Kind: "MATERIALIZED VIEW", Name: name("mv"), SQL: "SQL 3"},
		{ID: 4, Section: catalog.After, Kind: "CONSTRAINT", Name: name("big_pkey"), Tables: []catalog.Name{name("big")}, SQL: "SQL 4"},
		{ID: 5, Section: catalog.After, Kind: "INDEX", Name: name("small_i"), Tables: []catalog.Name{name("small")}, SQL: "SQL 5"},
		{ID: 6, Section: catalog.After, Kind: "FK CONSTRAINT", Name: name("fk"), Tables: []catalog.Name{name("child"), name("big")}, SQL: "SQL 6", After: []int{4}},
		{ID: 7, Section: catalog.After, Kind: "MATERIALIZED VIEW DATA", Name: name("mv"), Tables: []catalog.Name{name("mv")}, SQL: "SQL 7", After: []int{3}},
		{ID: 8, Section: catalog.After, Kind: "INDEX", Name: name("mv_i"), Tables: []catalog.Name{name("mv")}, SQL: "SQL 8"},
		{ID: 9, Section: catalog.After, Kind: "TRIGGER", Name: name("t"), Tables: []catalog.Name{name("big")}, SQL: "SQL 9"},
		{ID: 10, Section: catalog.After, Kind: "INDEX", Name: name("root_i"), Tables: []catalog.Name{name("root")}, SQL: "SQL 10"},
		{ID: 11, Section: catalog.After, Kind: "COMMENT", Name: name("t"), Tables: []catalog.Name{name("big")}, SQL: "SQL 11", After: []int{9}},
	}
	units := expand(t, &Copy{From: "a", To: "b", Existing: Fail}, facts)
	for _, tag := range []string{tagDefined, tagData, tagReconciled, tagAnalyzed} {
		if !slices.ContainsFunc(units, func(u unit.Unit) bool { return slices.Contains(u.Tags, tag) }) {
			t.Errorf("no unit carries %q", tag)
		}
	}
	order := follow(t, units)
	before := func(a, b string) {
		if at(order, a) >= at(order, b) {
			t.Errorf("%s must come before %s: %v", a, b, order)
		}
	}
	before("copy/define/before/1", "copy/data/s.big/1")
	before("copy/data/s.big/2", "copy/key/s.big%2Fbig_pkey/1")
	before("copy/key/s.big%2Fbig_pkey/1", "copy/foreign/s.child%2Ffk/1")
	before("copy/reconcile/all/1", "copy/foreign/s.child%2Ffk/1")
	before("copy/foreign/s.child%2Ffk/1", "copy/view/s.mv/1")
	before("copy/view/s.mv/1", "copy/view/s.mv_i/1")
	before("copy/view/s.mv_i/1", "copy/define/after/1")
	before("copy/key/partitioned/1", "copy/foreign/s.child%2Ffk/1")
	before("copy/define/after/1", "copy/marks/all/1")
	before("copy/analyze/s.big/1", "copy/marks/all/1")
	sent := 0
	for _, u := range units {
		for _, d := range facts.Definitions {
			sent += strings.Count(string(u.Spec), `"`+d.SQL+`"`)
		}
	}
	if sent != len(facts.Definitions) {
		t.Errorf("%d of %d definitions are sent", sent, len(facts.Definitions))
	}
}

// Without a table whose rows are copied, all else still waits for the
// definitions, and the marks are taken away last.
func TestPlanWithoutTables(t *testing.T) {
	t.Parallel()
	facts := source()
	facts.Source.Sequences = []catalog.Name{name("seq")}
	facts.Source.Blobs = []uint32{1}
	facts.Definitions = []catalog.Definition{
		{ID: 1, Section: catalog.Before, Kind: "SCHEMA", SQL: "SQL 1"},
		{ID: 2, Section: catalog.Before, Kind: "SEQUENCE", Name: name("seq"), SQL: "SQL 2"},
	}
	order := follow(t, expand(t, &Copy{From: "a", To: "b", Existing: Fail}, facts))
	if at(order, "copy/define/before/1") != 0 || at(order, "copy/marks/all/1") != len(order)-1 {
		t.Errorf("definitions come first and marks last: %v", order)
	}
	if at(order, "copy/sequence/values/1") < at(order, "copy/reconcile/all/1") {
		t.Errorf("values before the snapshot is settled: %v", order)
	}
}

// follow runs the units as their tags allow, the last ready one first: the
// worst order a planner can meet.
func follow(t *testing.T, units []unit.Unit) []string {
	t.Helper()
	left := map[string]int{}
	for _, u := range units {
		for _, tag := range u.Tags {
			left[tag]++
		}
	}
	var order []string
	rest := slices.Clone(units)
	for len(rest) > 0 {
		i := len(rest) - 1
		for ; i >= 0; i-- {
			if !slices.ContainsFunc(rest[i].After, func(tag string) bool { return left[tag] > 0 }) {
				break
			}
		}
		if i < 0 {
			t.Fatalf("%d units wait for each other, first %s", len(rest), rest[0].ID)
		}
		for _, tag := range rest[i].Tags {
			left[tag]--
		}
		order = append(order, rest[i].ID)
		rest = slices.Delete(rest, i, i+1)
	}
	return order
}

func at(order []string, id string) int {
	i := slices.Index(order, id)
	if i < 0 {
		panic(fmt.Sprintf("no unit %s in %v", id, order))
	}
	return i
}

func TestPlanExisting(t *testing.T) {
	t.Parallel()
	facts := source(table("there", 8192), table("new", 8192))
	facts.Target.Tables = []catalog.Table{table("there", 8192)}
	facts.Target.Others = []catalog.Object{{Kind: "FUNCTION", Name: name("f()")}}
	facts.Definitions = []catalog.Definition{
		{ID: 1, Section: catalog.Before, Kind: "TABLE", Name: name("there"), SQL: "D1"},
		{ID: 2, Section: catalog.Before, Kind: "TABLE", Name: name("new"), SQL: "D2"},
		{ID: 3, Section: catalog.Before, Kind: "FUNCTION", Name: name("f()"), SQL: "D3"},
		{ID: 4, Section: catalog.Before, Kind: "TABLE ATTACH", Name: name("new"), Tables: []catalog.Name{name("there"), name("new")}, SQL: "D4"},
		{ID: 5, Section: catalog.After, Kind: "TRIGGER", Name: name("new"), Tables: []catalog.Name{name("there")}, SQL: "D5"},
		{ID: 6, Section: catalog.After, Kind: "FK CONSTRAINT", Name: name("fk"), Tables: []catalog.Name{name("new"), name("there")}, SQL: "D6"},
	}
	for _, c := range []struct {
		existing string
		sent     []string
		copied   int
	}{
		{Skip, []string{"D2", "D4", "D6"}, 1},
		{Append, []string{"D2", "D4", "D6"}, 2},
		{Truncate, []string{"D2", "D4", "D6"}, 2},
		{Replace, []string{"D1", "D2", "D3", "D4", "D5", "D6"}, 2},
	} {
		units := expand(t, &Copy{From: "a", To: "b", Existing: c.existing}, facts)
		var sent []string
		copied := 0
		for _, u := range units {
			for _, d := range facts.Definitions {
				if strings.Contains(string(u.Spec), `"`+d.SQL+`"`) {
					sent = append(sent, d.SQL)
				}
			}
			if u.Kind == "small" {
				copied += strings.Count(string(u.Spec), `"number":1`)
			}
		}
		slices.Sort(sent)
		if !slices.Equal(sent, c.sent) || copied != c.copied {
			t.Errorf("existing: %s sends %v and copies %d tables, want %v and %d", c.existing, sent, copied, c.sent, c.copied)
		}
	}
	_, err := plan("copy", &Copy{From: "a", To: "b", Existing: Fail}, facts)
	if fault.CodeOf(err) != "target.not-empty" {
		t.Errorf("existing: fail gives %v", err)
	}
}
