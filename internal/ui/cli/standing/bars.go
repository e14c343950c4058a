package standing

import (
	"godwit/internal/control/run"
	"godwit/internal/ui/view"
)

// classes of units as bars, in the order of the work.
var classes = []struct {
	name    string
	kinds   map[string]bool
	bytes   bool // weights are bytes
	records bool // weights are records
}{
	{"copy", map[string]bool{"data": true, "small": true}, true, false},
	{"load", map[string]bool{"load": true}, false, true},
	{"produce", map[string]bool{"produce": true}, false, true},
	{"deliver", map[string]bool{"deliver": true}, false, true},
	{"index", map[string]bool{"index": true, "key": true, "foreign": true}, false, false},
	{"verify", map[string]bool{"table": true, "around": true}, true, false},
	{"compare", map[string]bool{"compare": true}, false, true},
}

func bars(n *run.Now) []view.Bar {
	var list []view.Bar
	for _, c := range classes {
		b := view.Bar{Name: c.name, Bytes: c.bytes}
		for _, k := range n.Counts {
			switch {
			case !c.kinds[k.Kind]:
			case c.bytes || c.records:
				b.Total += k.Weight
			default:
				b.Total += int64(k.Units)
				if k.State == "done" {
					b.Done += int64(k.Units)
				}
			}
		}
		if c.bytes || c.records {
			for kind := range c.kinds {
				b.Done += n.Done[kind]
			}
		}
		if b.Total > 0 {
			list = append(list, b)
		}
	}
	return list
}
