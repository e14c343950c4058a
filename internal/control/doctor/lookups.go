package doctor

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// A table of values is held in memory by whoever maps.
const (
	lookupEntries = 1_000_000
	lookupBytes   = 64 << 20
)

// Lookups reads tables of values whole, as they are now.
func Lookups(ctx context.Context, open connector.Opener, list []unit.Lookup) (map[string]catalog.Lookup, error) {
	all := map[string]catalog.Lookup{}
	for _, l := range list {
		read, err := lookup(ctx, open, l)
		if err != nil {
			return nil, fault.Wrap(err, "%s: lookup %s of %s", l.Place, l.Name, l.At)
		}
		all[l.Name] = read
	}
	return all, nil
}

func lookup(ctx context.Context, open connector.Opener, l unit.Lookup) (catalog.Lookup, error) {
	source, err := connector.Capable[connector.RecordSource](ctx, open, l.At, "be read record by record")
	if err != nil {
		return catalog.Lookup{}, err
	}
	if l.Query.Objects != "" {
		if _, err := connector.Capable[connector.Objects](ctx, open, l.At, "be read file by file"); err != nil {
			return catalog.Lookup{}, err
		}
	}
	if l.Query.Request != "" {
		if _, err := connector.Capable[connector.Requests](ctx, open, l.At, "be asked by requests"); err != nil {
			return catalog.Lookup{}, err
		}
	}
	schema, err := source.Describe(ctx, l.Query)
	if err != nil {
		return catalog.Lookup{}, err
	}
	t := table{lookup: l, schema: schema, key: schema.Index(l.Key), value: schema.Index(l.Value), pairs: map[string]string{}}
	if err := t.columns(); err != nil {
		return catalog.Lookup{}, err
	}
	r, err := source.ReadRecords(ctx, l.Query, "")
	if err != nil {
		return catalog.Lookup{}, err
	}
	defer r.Close()
	for {
		page, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return t.whole()
		}
		if err != nil {
			return catalog.Lookup{}, err
		}
		for i := range page.Records {
			if err := t.take(&page.Records[i]); err != nil {
				return catalog.Lookup{}, err
			}
		}
	}
}

// table is a lookup that is being read. No value of it is told to anybody:
// nobody has said that it may be.
type table struct {
	lookup     unit.Lookup
	schema     *record.Schema
	key, value int
	pairs      map[string]string
	bytes      int
	nulls      [2]int // keys, values
	twice      int    // keys with another value than before
}

func (t *table) columns() error {
	var names []string
	for _, f := range t.schema.Fields {
		names = append(names, f.Name)
	}
	for _, want := range []struct {
		slot      int
		key, name string
	}{{t.key, "key", t.lookup.Key}, {t.value, "value", t.lookup.Value}} {
		if want.slot < 0 {
			return fault.New(fault.Config, "lookup.columns", "there is no field %q; there are %s", want.name, strings.Join(names, ", ")).
				Hint("say which field holds it, %s: NAME, or name it so in the query, select ... as %s", want.key, want.key)
		}
	}
	return nil
}

func (t *table) take(r *record.Record) error {
	if r.Broken != nil {
		return fault.New(fault.Data, "lookup.unreadable", "a record of it cannot be read: %s", r.Broken.Text).Hint("mend it at the source")
	}
	pair, null := [2]string{}, false
	for i, slot := range []int{t.key, t.value} {
		v := r.Slots[slot]
		if v == nil || v == record.Missing {
			t.nulls[i]++
			null = true
			continue
		}
		var ok bool
		if pair[i], ok = record.Text(v, t.schema.Fields[slot].Type); !ok {
			return fault.New(fault.Config, "lookup.value", "%s holds lists, documents or bytes: a lookup is made of single values", t.schema.Fields[slot].Name)
		}
		if d, is := v.(record.Decimal); is && i == 0 {
			pair[0] = d.Plain() // 2.0 is the key 2
		}
	}
	if null {
		return nil
	}
	was, known := t.pairs[pair[0]]
	switch {
	case known && was != pair[1]:
		t.twice++
	case !known:
		t.pairs[pair[0]] = pair[1]
		t.bytes += len(pair[0]) + len(pair[1])
	}
	if len(t.pairs) > lookupEntries || t.bytes > lookupBytes {
		return fault.New(fault.Config, "lookup.large", "it is too large: more than %d entries, or %d MiB", lookupEntries, lookupBytes>>20).
			Hint("a lookup is held in memory: join the tables in the query of from instead")
	}
	return nil
}

// whole is the table when all of it is read and nothing is wrong with it.
func (t *table) whole() (catalog.Lookup, error) {
	key := t.schema.Fields[t.key].Name
	switch {
	case t.twice > 0:
		return catalog.Lookup{}, fault.New(fault.Config, "lookup.twice", "%s a key another value than a record before it", several(t.twice, "gives", "give")).
			Hint("%s", t.find(fmt.Sprintf("select %s, count(*) from %%s group by %s having count(*) > 1", key, key))).
			Hint("a query with a condition or group by gives each key once")
	case t.nulls[0] > 0:
		return catalog.Lookup{}, fault.New(fault.Config, "lookup.null", "%s no key: %s is null", several(t.nulls[0], "has", "have"), key).
			Hint("leave them out: where %s is not null", key)
	case t.nulls[1] > 0:
		name := t.schema.Fields[t.value].Name
		return catalog.Lookup{}, fault.New(fault.Config, "lookup.null", "%s a key and no value: %s is null", several(t.nulls[1], "has", "have"), name).
			Hint("leave them out: where %s is not null; what has no entry is an issue, or what else says", name)
	}
	l := catalog.Lookup{Pairs: make([][2]string, 0, len(t.pairs))}
	for k, v := range t.pairs {
		l.Pairs = append(l.Pairs, [2]string{k, v})
	}
	slices.SortFunc(l.Pairs, func(a, b [2]string) int { return cmp.Compare(a[0], b[0]) })
	sum := sha256.New()
	for _, p := range l.Pairs {
		fmt.Fprintf(sum, "%q %q\n", p[0], p[1])
	}
	l.Sum = hex.EncodeToString(sum.Sum(nil))
	return l, nil
}

// find is the statement that finds what is wrong, over the lookup's own.
func (t *table) find(statement string) string {
	switch q := t.lookup.Query; {
	case q.SQL != "":
		return "find them: " + fmt.Sprintf(statement, "("+strings.Join(strings.Fields(q.SQL), " ")+") t")
	case q.Objects+q.Request == "":
		return "find them: " + fmt.Sprintf(statement, q.Table.String())
	}
	return "each key stands in one record"
}

func several(n int, one, more string) string {
	if n == 1 {
		return "1 record " + one
	}
	return fmt.Sprintf("%d records %s", n, more)
}
