package verify

import "godwit/internal/catalog"

// compare finds the definitions that only one side has. Both sides' texts come
// from the same writer, so that an equal object has an equal text.
func compare(facts catalog.Facts) (missing, extra []catalog.Definition) {
	type object struct {
		kind string
		name catalog.Name
		sql  string
	}
	key := func(d catalog.Definition) object { return object{d.Kind, d.Name, d.SQL} }
	left, right := map[object]int{}, map[object]int{}
	for _, d := range facts.Definitions {
		left[key(d)]++
	}
	for _, d := range facts.TargetDefinitions {
		right[key(d)]++
	}
	for _, d := range facts.Definitions {
		if k := key(d); right[k] > 0 {
			right[k]--
		} else {
			missing = append(missing, brief(d))
		}
	}
	for _, d := range facts.TargetDefinitions {
		if k := key(d); left[k] > 0 {
			left[k]--
		} else {
			extra = append(extra, brief(d))
		}
	}
	return missing, extra
}

// brief keeps what a difference is told by.
func brief(d catalog.Definition) catalog.Definition {
	return catalog.Definition{Kind: d.Kind, Name: d.Name, SQL: d.SQL}
}
