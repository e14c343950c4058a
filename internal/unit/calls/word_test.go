package calls

import "testing"

// TestBeside: two items of one loop, whichever of the loops around them they are of.
func TestBeside(t *testing.T) {
	t.Parallel()
	at := func(node, given, step string) Speaker { return Speaker{Node: node, Given: given, Step: step} }
	for name, c := range map[string]struct {
		a, b Speaker
		want bool
	}{
		"loads":                  {at("f", "f", "load[1]"), at("f", "f", "load[2]"), true},
		"the same load":          {at("f", "f", "load[1]"), at("f", "f", "load[1]"), false},
		"steps":                  {at("f", "f", "load"), at("f", "f", "again"), false},
		"loops":                  {at("f", "f", "load[1]"), at("f", "f", "again[2]"), false},
		"other inputs":           {at("f", "f 1", "load"), at("f", "f 2", "load"), false},
		"flows":                  {at("f/move[1]/x", "p 1", "load"), at("f/move[2]/x", "p 2", "load"), true},
		"flows of other steps":   {at("f/move[1]/x", "p 1", "load"), at("f/move[2]/x", "p 2", "more"), true},
		"flows of the same":      {at("f/move[1]/x", "p", "load"), at("f/move[2]/x", "p", "load"), false},
		"flows of other flows":   {at("f/move[1]/x", "p 1", "load"), at("g/move[2]/x", "p 2", "load"), false},
		"loops in one item":      {at("f/move[1]/x", "p 1", "load[a]"), at("f/move[1]/x", "p 1", "load[b]"), true},
		"loops in other items":   {at("f/move[1]/x[1]/y", "p 1", "load"), at("f/move[1]/x[2]/y", "p 2", "load"), true},
		"nobody":                 {at("", "", ""), at("f/move[2]/x", "p 2", "load[2]"), false},
		"a run of its own":       {at("p", "p 1", "load"), at("f/move[2]/x", "p 1", "load"), false},
		"an item's name in one":  {at("f/move[12]/x", "p 1", "load"), at("f/move[1]/x", "p 2", "load"), true},
		"behind the same item":   {at("f/move[1]/x", "p 1", "load"), at("f/move[1]/y", "p 2", "load"), false},
		"a loop and none behind": {at("f/a[1]/b[1]", "p 1", "load"), at("f/a[1]/b", "p 2", "load"), false},
		"parts of one source":    {Speaker{"f", "f", "load[1]", "a"}, Speaker{"f", "f", "load[2]", "a"}, false},
		"two sources":            {Speaker{"f", "f", "load[1]", "a"}, Speaker{"f", "f", "load[2]", "b"}, true},
		"nobody knows":           {Speaker{"f", "f", "load[1]", ""}, Speaker{"f", "f", "load[2]", ""}, true},
	} {
		if got := c.a.Beside(c.b); got != c.want || c.b.Beside(c.a) != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
