package bulk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// again lists what is done once more because it was done as of another
// snapshot than the rows are brought to: values of sequences, large objects,
// the content of materialised views. Their units stay as they are; these are
// new ones, numbered by the look that found them.
func (r *reconcile) again(ctx context.Context, u unit.Unit, l unit.Lease, now string) ([]unit.Unit, error) {
	var list []unit.Unit
	before := ""
	for _, kind := range []string{"sequence", "blob", "view"} {
		done, err := r.past.Settled(ctx, u.Step, kind)
		if err != nil {
			return nil, fault.Wrap(err, "look up earlier values")
		}
		slices.SortFunc(done, func(a, b unit.Settled) int { return place(a.Unit) - place(b.Unit) })
		for _, d := range done {
			if slices.Contains(d.Unit.Tags, tagAgain) || fresh(d, now) {
				continue
			}
			n := d.Unit
			prefix := u.Step + "/" + kind + "/"
			n.ID = fmt.Sprintf("%sagain%d.%s", prefix, l.Attempt, strings.TrimPrefix(d.Unit.ID, prefix))
			n.After = []string{tagData, tagReconciled}
			n.Tags = append(slices.Clone(n.Tags), tagAgain)
			if kind == "view" { // one may read another
				if before != "" {
					n.After = append(n.After, before)
				}
				before = "again " + n.ID
				n.Tags = append(n.Tags, before)
			}
			list = append(list, n)
		}
	}
	return list, nil
}

// fresh reports whether a settled unit holds for today's snapshot. Indexes of
// views hold for any; one whose snapshot is not known for none.
func fresh(d unit.Settled, now string) bool {
	if d.Unit.Kind == "view" {
		spec, err := decode[StatementSpec](d.Unit)
		return err != nil || len(spec.Statements) == 0 || !strings.HasPrefix(spec.Statements[0], "REFRESH ")
	}
	var f dataFacts
	return json.Unmarshal(d.Facts, &f) == nil && f.Snapshot == now
}

// place is a view's number in the order of their definitions.
func place(u unit.Unit) int {
	for _, tag := range u.Tags {
		var n int
		if _, err := fmt.Sscanf(tag, "view %d", &n); err == nil {
			return n
		}
	}
	return 0
}
