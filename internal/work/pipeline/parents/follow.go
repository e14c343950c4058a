package parents

import (
	"context"
	"slices"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/record"
)

// follow gives the keys that records have now for those that they had, along
// chains of any length. One that leads to itself, or to several, leads to none.
func (k *Known) follow(ctx context.Context, p record.Place, keys []string) ([]string, error) {
	chains := make(map[string][]string, len(keys)) // by the first key of each
	open := map[string][]string{}                  // first keys by the last one
	for _, key := range keys {
		chains[key], open[key] = []string{key}, []string{key}
	}
	odd := map[string]string{} // rule alias
	for len(open) > 0 {
		last := make([]string, 0, len(open))
		for key := range open {
			last = append(last, key)
		}
		became, err := k.book.Aliases(ctx, p, last)
		if err != nil {
			return nil, fault.Wrap(err, "look up aliases of %s", p.Entity)
		}
		next := map[string][]string{}
		for was, list := range became {
			for _, first := range open[was] {
				switch {
				case len(list) > 1:
					odd[first] = "is a key of " + p.Entity + " that has become several others"
				case slices.Contains(chains[first], list[0]):
					odd[first] = "is a key of " + p.Entity + " that has become others in a ring"
				default:
					chains[first] = append(chains[first], list[0])
					next[list[0]] = append(next[list[0]], first)
				}
			}
		}
		open = next
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var now []string
	for first, chain := range chains {
		at := record.Reference{Entity: p.Entity, Key: first}
		delete(k.odd, at)
		delete(k.became, at)
		if text := odd[first]; text != "" {
			k.odd[at] = why{"alias", text}
			continue
		}
		if len(chain) > 1 {
			k.became[at] = chain[len(chain)-1]
		}
		now = append(now, chain[len(chain)-1])
	}
	slices.SortFunc(now, strings.Compare)
	return slices.Compact(now), nil
}
