// Package groups tells of groups of records that differ where a rule only warns,
// once all of them are loaded. Start at Executor.
package groups

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/record/seen"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/mapping"
)

// Spec is a unit of kind groups: once all records are loaded it tells of
// the groups whose records differ where a rule only warns, one issue for each.
type Spec struct {
	Rules []mapping.SetRule `json:"rules"`
	Again *unit.Redrive     `json:"again,omitempty"`
}

// Named are the rules that tell of whole groups.
func Named(rules []mapping.SetRule) []mapping.SetRule {
	return slices.DeleteFunc(slices.Clone(rules), func(r mapping.SetRule) bool { return !r.Named() })
}

// Book is the ledger's side.
type Book interface {
	unit.Chunks
	Said(ctx context.Context, step, rule string, again *unit.Redrive, do func(own bool, said []byte) error) error
}

// Executor does units of kind groups.
func Executor(book Book) unit.Executor { return &grouper{book} }

type grouper struct{ book Book }

// Done finds nothing out: Do tells of everything anew.
func (*grouper) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// groupsAtOnce is how many groups are held in memory. A variable for tests.
var groupsAtOnce uint64 = 20_000

// Do takes back what an earlier attempt told, since records may have been loaded
// again meanwhile, and tells anew. Its chunks hold no records, only issues.
func (x *grouper) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	var spec Spec
	if err := json.Unmarshal(u.Spec, &spec); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	if err := x.book.Discard(ctx, u.ID, l.Fence, 1); err != nil {
		return unit.Result{}, err
	}
	var res unit.Result
	for _, rule := range spec.Rules {
		report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: "compare"})
		err := x.each(ctx, u, spec, rule, func(found []record.Warning) error {
			c := record.Chunk{Number: len(res.Accounts) + 1, State: record.Prepared,
				Account: record.Account{Step: u.Step, Entity: u.Entity, Unit: u.ID, Generation: 1, Current: true}}
			if err := x.book.Prepare(ctx, u.ID, l.Fence, c, nil, found); err != nil {
				return err
			}
			report.At("groups.prepared")
			if err := x.book.Settle(ctx, u.ID, l.Fence, c.Number); err != nil {
				return err
			}
			report.At("groups.settled")
			res.Accounts = append(res.Accounts, c.Account)
			return nil
		})
		if err != nil {
			return unit.Result{}, fault.Wrap(err, "rule %s", rule.Name)
		}
	}
	chunks, err := x.book.Chunks(ctx, u.ID) // with the numbers of their accounts
	if err != nil {
		return unit.Result{}, err
	}
	for i, c := range chunks {
		res.Accounts[i] = c.Account
	}
	return res, nil
}

// each hands over the issues of one rule, so many groups at a time as are held
// in memory. A redrive tells of those groups only that it added to.
func (x *grouper) each(ctx context.Context, u unit.Unit, spec Spec, rule mapping.SetRule, tell func([]record.Warning) error) error {
	pairs := func(do func(own bool, p seen.Pair) error) error {
		return x.book.Said(ctx, u.Step, rule.Name, spec.Again, func(own bool, said []byte) error {
			return seen.Each(said, true, func(p seen.Pair) error { return do(own, p) })
		})
	}
	first, mixed, mine := seen.NewIndex(), seen.NewIndex(), seen.NewIndex()
	defer first.Close()
	defer mixed.Close()
	defer mine.Close()
	err := pairs(func(own bool, p seen.Pair) error {
		if own && spec.Again != nil {
			if _, _, err := mine.First(p.Group, p.Value); err != nil {
				return err
			}
		}
		value, known, err := first.First(p.Group, p.Value)
		if err == nil && known && value != p.Value {
			_, _, err = mixed.First(p.Group, p.Value)
		}
		return err
	})
	if err != nil || mixed.Len() == 0 {
		return err
	}
	parts := mixed.Len()/groupsAtOnce + 1
	for part := range parts {
		groups := map[seen.Digest]*group{}
		err := pairs(func(_ bool, p seen.Pair) error {
			if binary.BigEndian.Uint64(p.Group[8:])%parts != part {
				return nil
			}
			if _, is := mixed.Find(p.Group); !is {
				return nil
			}
			if _, is := mine.Find(p.Group); spec.Again != nil && !is {
				return nil
			}
			if groups[p.Group] == nil {
				groups[p.Group] = &group{name: p.Name, count: map[string]int64{}}
			}
			groups[p.Group].count[p.Text] += p.N
			return nil
		})
		if err == nil && len(groups) > 0 {
			err = tell(warnings(u, rule, groups))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// group is a group whose records differ.
type group struct {
	name  string
	count map[string]int64 // records by value
}

// fewVariants is how many values of a group an issue tells of.
const fewVariants = 10

func warnings(u unit.Unit, rule mapping.SetRule, groups map[seen.Digest]*group) []record.Warning {
	list := slices.SortedFunc(maps.Values(groups), func(a, b *group) int { return cmp.Compare(a.name, b.name) })
	out := make([]record.Warning, 0, len(list))
	for _, g := range list {
		texts := slices.SortedFunc(maps.Keys(g.count), func(a, b string) int {
			return cmp.Or(cmp.Compare(g.count[b], g.count[a]), cmp.Compare(a, b))
		})
		var parts []string
		for _, text := range texts[:min(len(texts), fewVariants)] {
			parts = append(parts, fmt.Sprintf("%s (%d)", text, g.count[text]))
		}
		if more := len(texts) - fewVariants; more > 0 {
			parts = append(parts, fmt.Sprintf("%d more", more))
		}
		out = append(out, record.Warning{Step: u.Step, Entity: u.Entity, Issue: record.Issue{
			Rule: rule.Name, Field: rule.About(), Severity: rule.Severity, Hint: rule.Hint, Text: "differs within one " + rule.Within,
			Value: fmt.Sprintf("%s %s: %s", rule.Within, g.name, strings.Join(parts, ", ")),
		}})
	}
	return out
}
