package unloaded

import (
	"strconv"

	"godwit/internal/control/run"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
)

// Patched are records that were put right, or would be.
type Patched struct {
	Run string
	Dry bool
	All []run.Patched
}

// Draw is Screen's.
func (p Patched) Draw(edge int) []string {
	if len(p.All) == 0 {
		return []string{"Nothing differs: the records hold these values already."}
	}
	var rows [][]string
	var texts []string
	for _, one := range p.All {
		for i, c := range one.Changes {
			row := []string{"", "", "", c.Field}
			if i == 0 {
				row = []string{strconv.FormatInt(one.ID, 10), one.Entity, one.Key, c.Field}
			}
			rows, texts = append(rows, row), append(texts, c.Before+" -> "+c.After)
		}
	}
	lines := beside([]layout.Column{{Head: "id", Right: true}, {Head: "entity", Most: 20}, {Head: "key", Most: 20}, {Head: "field", Most: 30}},
		rows, "before -> after", texts, edge)
	said := view.Plural(len(p.All), "record") + " of " + p.Run
	if p.Dry {
		return append(lines, "", said+" would be put right. Nothing was changed.")
	}
	again := command("redrive", p.Run)
	if len(p.All) == 1 {
		again = command("redrive", p.Run, "--id", strconv.FormatInt(p.All[0].ID, 10))
	}
	return append(lines, "", said+" put right; what was read is kept.", "Process them again: "+again)
}

// Value is the same for programs.
func (p Patched) Value() any {
	return struct {
		Run    string        `json:"run"`
		DryRun bool          `json:"dryRun"`
		All    []run.Patched `json:"records"`
	}{p.Run, p.Dry, append([]run.Patched{}, p.All...)}
}

// Dismissed says of how many records it is settled that they will not come.
type Dismissed struct {
	Run     string
	Filter  run.Filter
	Reason  string
	Dry     bool
	Records int64
	Left    int64 // that a redrive has in hand
	Open    int64 // of the run, after that
}

// Draw is Screen's.
func (d Dismissed) Draw(edge int) []string {
	said := view.Plural(d.Records, "record") + " of " + d.Run
	if d.Dry {
		return []string{said + " would be dismissed. Nothing was changed."}
	}
	lines := layout.Wrap("", said+" dismissed: "+d.Reason+". "+view.Either(d.Records, "It stays", "They stay")+" in the accounts as not loaded.", 0, edge)
	if d.Left > 0 {
		lines = append(lines, view.Plural(d.Left, "record")+" left as they are: a redrive has them in hand.")
	}
	if d.Open == 0 {
		return append(lines, "Nothing of "+d.Run+" is open any more.")
	}
	return append(lines, view.Plural(d.Open, "record")+" still open: "+command("dead stats", d.Run))
}

// Value is the same for programs.
func (d Dismissed) Value() any {
	return struct {
		Run     string `json:"run"`
		DryRun  bool   `json:"dryRun"`
		Records int64  `json:"records"`
		Left    int64  `json:"left"`
		Open    int64  `json:"open"`
	}{d.Run, d.Dry, d.Records, d.Left, d.Open}
}

// Reopened says of how many records the dismissal was taken back.
type Reopened struct {
	Run     string
	Filter  run.Filter
	Dry     bool
	Records int64
}

// Draw is Screen's.
func (r Reopened) Draw(int) []string {
	said := view.Plural(r.Records, "record") + " of " + r.Run
	if r.Dry {
		return []string{said + " would be open again. Nothing was changed."}
	}
	return []string{said + " open again.", "Process them again: " + command("redrive", r.Run, Flags(r.Filter), "--dry-run")}
}

// Value is the same for programs.
func (r Reopened) Value() any {
	return struct {
		Run     string `json:"run"`
		DryRun  bool   `json:"dryRun"`
		Records int64  `json:"records"`
	}{r.Run, r.Dry, r.Records}
}
