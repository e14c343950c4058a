package call

import (
	"encoding/json"
	"slices"
	"sort"

	"godwit/internal/fault"
)

// position is how far a unit has come: what its chunks say, of which the last one
// counts.
type position struct {
	// Done are the records that have an outcome, as ranges of their numbers: from,
	// to behind the last, from, to ...
	Done []int64 `json:"done"`
	// Groups that wait for a record of theirs, by its key.
	Blocked map[string]string `json:"blocked,omitempty"`
	// Awaited are keys that go before those that their group waits for, since all of
	// these wait for them.
	Awaited map[string][]string `json:"awaited,omitempty"`
	n       int64               // of those in Done, gaps among them
}

func positionOf(text []byte) (p position, err error) {
	p.Blocked, p.Awaited = map[string]string{}, map[string][]string{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &p); err != nil || len(p.Done)%2 != 0 {
			return p, fault.New(fault.Internal, "ledger.damaged", "how far a delivery has come cannot be read: %v", err)
		}
	}
	for i := 0; i < len(p.Done); i += 2 {
		p.n += p.Done[i+1] - p.Done[i]
	}
	return p, nil
}

// hold has a group wait for a record of it, which itself waits for some.
func (p *position) hold(group, key string, awaits []string) {
	was := p.Awaited[group]
	delete(p.Awaited, group)
	if _, blocked := p.Blocked[group]; !blocked {
		p.Blocked[group] = key
	} else if slices.Contains(was, key) {
		awaits = slices.Concat(was, awaits)
	} else {
		awaits = slices.DeleteFunc(slices.Clone(awaits), func(k string) bool { return !slices.Contains(was, k) })
	}
	if len(awaits) > 0 {
		p.Awaited[group] = awaits
	}
}

// holder is the record that another one waits for in its group, if it does.
func (p *position) holder(group, key string) (by string, waits bool) {
	by, waits = p.Blocked[group]
	return by, waits && group != "" && !slices.Contains(p.Awaited[group], key)
}

// add notes a record that has an outcome now.
func (p *position) add(n int64) {
	p.n++
	i := 2 * sort.Search(len(p.Done)/2, func(i int) bool { return p.Done[2*i+1] >= n }) // the first range that ends at n or behind it
	switch {
	case i == len(p.Done) || p.Done[i] > n+1:
		p.Done = append(p.Done[:i], append([]int64{n, n + 1}, p.Done[i:]...)...)
	case p.Done[i] == n+1:
		p.Done[i] = n
	case p.Done[i+1] == n:
		p.Done[i+1] = n + 1
		if i+2 < len(p.Done) && p.Done[i+2] == n+1 { // they meet
			p.Done = append(p.Done[:i+1], p.Done[i+3:]...)
		}
	}
}

// has reports whether a record has an outcome.
func (p *position) has(n int64) bool {
	i := 2 * sort.Search(len(p.Done)/2, func(i int) bool { return p.Done[2*i+1] > n })
	return i < len(p.Done) && p.Done[i] <= n
}
