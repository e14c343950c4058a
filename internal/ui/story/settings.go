package story

import (
	"godwit/internal/control/run/chronicle"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// settings are what became of the settings that the run has changed.
func settings(st *chronicle.Story) (list []view.Note) {
	// one that was changed twice is one: a resumed run changes it again
	count, last := map[string]map[string]bool{}, ""
	for _, e := range st.Events {
		t, err := unit.Decode[unit.Told](e)
		if e.Kind != unit.SettingTold || err != nil {
			continue
		}
		if count[t.What] == nil {
			count[t.What] = map[string]bool{}
		}
		count[t.What][t.At+" "+t.Name] = true
		if t.What == "restored" {
			last = ", read back " + view.Clock(e.At, st.Last)
		}
		if t.What == "foreign" {
			list = append(list, view.Note{Label: "foreign", N: 1, Text: t.Text})
		}
	}
	n := func(what string) int64 { return int64(len(count[what])) }
	if all := n("changed") + n("joined"); all > 0 {
		text := "changed, " + view.Count(n("restored")) + " put back" + last
		if left := n("left"); left > 0 {
			text += ", " + view.Count(left) + " still wanted by other runs"
		}
		list = append([]view.Note{{Label: "settings", N: all, Text: text}}, list...)
	}
	return list
}

// Foreign says why a run is not simply done that left alone what others had
// changed of its settings.
func Foreign(st *chronicle.Story) string {
	for _, n := range settings(st) {
		if n.Label == "foreign" {
			return "a setting was changed by somebody else meanwhile"
		}
	}
	return ""
}
