package bulk

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/unit"
)

// sending is where a definition is sent: its unit, and its place in there.
type sending struct{ unit, at int }

// places finds every definition by its SQL, and what each unit waits for,
// directly or not.
func places(t *testing.T, units []unit.Unit) (map[string]sending, []map[int]bool) {
	t.Helper()
	found := map[string]sending{}
	waits := make([]map[int]bool, len(units))
	for i, u := range units {
		waits[i] = map[int]bool{}
		if u.Kind != "define" {
			continue
		}
		var spec StatementSpec
		if err := json.Unmarshal(u.Spec, &spec); err != nil {
			t.Fatal(err)
		}
		for at, sql := range spec.Statements {
			if p, ok := found[sql]; ok {
				t.Errorf("%s is sent twice, in %s and %s", sql, units[p.unit].ID, u.ID)
			}
			found[sql] = sending{i, at}
		}
		for k, other := range units[:i] {
			if slices.ContainsFunc(u.After, func(tag string) bool { return slices.Contains(other.Tags, tag) }) {
				waits[i][k] = true
				for n := range waits[k] {
					waits[i][n] = true
				}
			}
		}
	}
	return found, waits
}

// What a definition needs is sent before it: earlier in its unit, or in one
// that its unit waits for. What may not go aside keeps its place among all.
func TestDefinitionsBesideEachOther(t *testing.T) {
	t.Parallel()
	for round := range 60 {
		random := rand.New(rand.NewPCG(7, uint64(round)))
		facts := source(table("a", 8192))
		n := 1 + random.IntN(1500)
		for i := range n {
			d := catalog.Definition{ID: i + 1, Section: catalog.Before, Kind: "TABLE", Name: name(fmt.Sprint("d", i)), SQL: fmt.Sprintf("SQL %d", i)}
			if random.IntN(400) == 0 {
				d.Kind = "FUNCTION"
			}
			if i > 0 && random.IntN(3) == 0 {
				d.After = append(d.After, 1+max(0, i-1-random.IntN(1+round)))
			}
			facts.Definitions = append(facts.Definitions, d)
		}
		units := expand(t, &Copy{From: "a", To: "b", Existing: Fail}, facts)
		found, waits := places(t, units)
		earlier := func(a, b catalog.Definition) bool {
			p, q := found[a.SQL], found[b.SQL]
			return p.unit == q.unit && p.at < q.at || waits[q.unit][p.unit]
		}
		if len(found) != n {
			t.Fatalf("round %d: %d of %d definitions are sent", round, len(found), n)
		}
		for i, d := range facts.Definitions {
			for _, id := range d.After {
				if need := facts.Definitions[id-1]; !earlier(need, d) {
					t.Fatalf("round %d: %s needs %s and may be sent before it", round, d.SQL, need.SQL)
				}
			}
			if d.Kind == "TABLE" {
				continue
			}
			for k, other := range facts.Definitions {
				if k < i && !earlier(other, d) || k > i && !earlier(d, other) {
					t.Fatalf("round %d: %s %s may change places with %s", round, d.Kind, d.SQL, other.SQL)
				}
			}
		}
	}
}

// Tables that do not need one another do not wait for one another.
func TestDefinitionsDoNotWait(t *testing.T) {
	t.Parallel()
	facts := source(table("a", 8192))
	for i := range 1000 {
		facts.Definitions = append(facts.Definitions, catalog.Definition{ID: i + 1, Section: catalog.Before, Kind: "TABLE", SQL: fmt.Sprintf("SQL %d", i)})
	}
	units := expand(t, &Copy{From: "a", To: "b", Existing: Fail}, facts)
	for _, u := range units {
		if u.Kind == "define" && len(u.After) > 0 {
			t.Errorf("%s waits for %v", u.ID, u.After)
		}
	}
}
