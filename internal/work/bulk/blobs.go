package bulk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/fault"
)

// An oid is all that a large object is called by, and every database counts
// its own: the same one on both sides says nothing about what it holds.

// blobs decides which large objects are copied. Where the target has one of
// the same oid, only skip and replace say what shall become of it; what these
// leave alone goes without its definitions, too.
func (x *expansion) blobs() error {
	x.objects = x.facts.Source.Blobs
	both := x.facts.SameBlobs()
	if len(both) == 0 || x.spec.Existing == Replace {
		return nil
	}
	if x.spec.Existing != Skip {
		return fault.New(fault.Config, "target.objects", "large objects %s are in %s already, and nothing tells whether they are the same (%d)",
			some(both), x.spec.To, len(both)).
			Hint("existing: skip leaves those of the target alone, replace destroys them")
	}
	x.objects = slices.DeleteFunc(slices.Clone(x.objects), func(oid uint32) bool { return slices.Contains(both, oid) })
	x.alone = map[int]bool{}
	for _, d := range x.facts.Definitions {
		oid, err := strconv.ParseUint(d.Name.Object, 10, 32)
		of := d.Kind == "BLOB" && err == nil && slices.Contains(both, uint32(oid))
		x.alone[d.ID] = of || slices.ContainsFunc(d.After, func(id int) bool { return x.alone[id] })
	}
	return nil
}

// without leaves out what is said about large objects that are left alone.
func (x *expansion) without(list []catalog.Definition) []catalog.Definition {
	if x.alone == nil {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(d catalog.Definition) bool { return x.alone[d.ID] })
}

// some writes the first few of many oids.
func some(oids []uint32) string {
	const few = 20
	var list []string
	for _, oid := range oids[:min(few, len(oids))] {
		list = append(list, fmt.Sprint(oid))
	}
	if n := len(oids) - few; n > 0 {
		list = append(list, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(list, ", ")
}
